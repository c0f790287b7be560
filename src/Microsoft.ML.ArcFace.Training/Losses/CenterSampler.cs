using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>
/// Partial FC: a step scores the classes of its batch and a random sample of the others, a share r of all classes
/// together (An et al., arXiv 2203.15565). Only the sampled rows of the centres are read; whoever trains them writes
/// back only these. The centres themselves have no gradient any more: each sample has its own.
/// </summary>
internal sealed class CenterSampler : IDisposable
{
    private readonly int _rowsPerClass;
    private readonly double _rate;
    private readonly long _classCount;

    // Place of each class in the sample, [C]; only the entries of the sample are valid.
    private readonly Tensor _places;

    /// <summary>To be called when the head is on its device.</summary>
    /// <param name="head">Whose centres are sampled: [C·K, d], K rows for each class one after the other.</param>
    /// <param name="rate">r, over 0 and up to 1.</param>
    public CenterSampler(ClassificationHead head, double rate)
    {
        Table = head.Centers;
        Table.requires_grad_(false);
        (_rowsPerClass, _rate) = (head.CentersPerClass, rate);
        _classCount = Table.shape[0] / _rowsPerClass;
        _places = zeros(_classCount, dtype: ScalarType.Int64, device: Table.device).DetachFromDisposeScope();
    }

    /// <summary>All centres, [C·K, d].</summary>
    public Parameter Table { get; }

    /// <summary>Takes a new sample for a batch with these labels [B].</summary>
    public CenterSample Take(Tensor labels)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();

        // All of the batch's classes have the greatest key, so that they are in the sample.
        long count = Math.Clamp((long)Math.Ceiling(_rate * _classCount), Math.Min(labels.shape[0], _classCount), _classCount);
        Tensor classes = count == _classCount
            ? TensorArithmetic.Indices(_classCount, Table.device)
            : rand(_classCount, device: Table.device).FillRowsInPlace(labels, 2).topk((int)count, sorted: false).indexes.sort().Values;
        _places.index_copy_(0, classes, TensorArithmetic.Indices(count, Table.device));
        Tensor rows = _rowsPerClass == 1
            ? classes
            : classes.unsqueeze(1).Times(_rowsPerClass).Plus(TensorArithmetic.Indices(_rowsPerClass, Table.device)).flatten();
        return new CenterSample(
            rows.MoveToOuterDisposeScope(), Table.index_select(0, rows).requires_grad_().MoveToOuterDisposeScope(), _places.index_select(0, labels).MoveToOuterDisposeScope());
    }

    public void Dispose() => _places.Dispose();
}

/// <summary>The centres that one step scores.</summary>
/// <param name="Rows">Their rows among all centres, int64, each once.</param>
/// <param name="Values">A copy of these rows; its gradient is that of the centres.</param>
/// <param name="Labels">[B]: the batch's labels as places among the sampled classes.</param>
internal sealed record CenterSample(Tensor Rows, Tensor Values, Tensor Labels) : IDisposable
{
    public void Dispose()
    {
        Rows.Dispose();
        Values.Dispose();
        Labels.Dispose();
    }
}
