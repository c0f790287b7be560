using Microsoft.ML.ArcFace.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Trains the sampled rows of a table of class centres: centres, momentum and weight decay of the other rows are neither
/// read nor written. With all rows sampled it is <see cref="ParameterOptimizer"/>.
/// </summary>
internal sealed class SampledRowsOptimizer(UpdateRule rule, SampledCenters centers) : IDisposable
{
    // Each [C·K, d].
    private readonly Tensor[] _state = [.. rule.StateNames.Select(_ => zeros_like(centers.Table, requires_grad: false).DetachFromDisposeScope())];
    private long _steps;

    /// <summary>One step with the gradient of the last sample, which is freed.</summary>
    public void Step(double learningRate)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = centers.Rows!, values = centers.Values!.detach(), gradient = centers.Values!.grad!;    // [S], [S, d], [S, d]
        Tensor[] state = [.. _state.Select(table => table.index_select(0, rows))];
        rule.Update(values, gradient, state, learningRate, ++_steps);
        foreach ((Tensor table, Tensor part) in _state.Zip(state).Append((centers.Table, values)))
        {
            table.index_copy_(0, rows, part);
        }

        centers.Forget();
    }

    public void Dispose() => Array.ForEach(_state, tensor => tensor.Dispose());
}
