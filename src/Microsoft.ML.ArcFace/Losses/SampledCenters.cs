using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>
/// Partial FC: a step scores the classes of its batch and a random sample of the others, a share r of all classes
/// together (An et al., arXiv 2203.15565). Only the sampled rows of the centres are read; whoever trains them writes
/// back only these.
/// </summary>
/// <param name="centers">[C·K, d], K rows for each class one after the other.</param>
/// <param name="rowsPerClass">K.</param>
/// <param name="rate">r, over 0 and up to 1.</param>
internal sealed class SampledCenters(Parameter centers, int rowsPerClass, double rate) : IDisposable
{
    private readonly long _classCount = centers.shape[0] / rowsPerClass;

    // Place of each class in the sample, [C]; only the entries of the sample are valid.
    private readonly Tensor _places = zeros(centers.shape[0] / rowsPerClass, dtype: ScalarType.Int64, device: centers.device).DetachFromDisposeScope();

    /// <summary>All centres, [C·K, d].</summary>
    public Parameter Table => centers;

    /// <summary>The rows of the last sample, int64, each once.</summary>
    public Tensor? Rows { get; private set; }

    /// <summary>A copy of these rows; its gradient is that of the centres.</summary>
    public Tensor? Values { get; private set; }

    /// <summary>Takes a new sample and gives its centres and the labels [B] as places in it.</summary>
    public (Tensor Centers, Tensor Labels) Take(Tensor labels)
    {
        Forget();
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();

        // All of the batch's classes have the greatest key, so that they are in the sample.
        long count = Math.Clamp((long)Math.Ceiling(rate * _classCount), Math.Min(labels.shape[0], _classCount), _classCount);
        Tensor classes = count == _classCount
            ? TensorArithmetic.Indices(_classCount, centers.device)
            : rand(_classCount, device: centers.device).FillRowsInPlace(labels, 2).topk((int)count, sorted: false).indexes.sort().Values;
        _places.index_copy_(0, classes, TensorArithmetic.Indices(count, centers.device));
        Tensor rows = rowsPerClass == 1
            ? classes
            : classes.unsqueeze(1).Times(rowsPerClass).Plus(TensorArithmetic.Indices(rowsPerClass, centers.device)).flatten();
        Rows = rows.DetachFromDisposeScope();
        Values = centers.index_select(0, rows).requires_grad_().DetachFromDisposeScope();
        return (Values, _places.index_select(0, labels).MoveToOuterDisposeScope());
    }

    /// <summary>Frees the last sample.</summary>
    public void Forget()
    {
        Values?.grad?.Dispose();
        Values?.Dispose();
        Rows?.Dispose();
        (Values, Rows) = (null, null);
    }

    public void Dispose()
    {
        Forget();
        _places.Dispose();
    }
}
