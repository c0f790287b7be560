using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Trains the sampled rows of a table of class centres: centres, momentum and weight decay of the other rows are neither
/// read nor written. With all rows sampled it is <see cref="ParameterOptimizer"/>.
/// </summary>
internal sealed class SampledRowsOptimizer(UpdateRule rule, CenterSampler centers) : IRunPart, IDisposable
{
    // Each [C·K, d].
    private readonly Tensor[] _state = [.. rule.StateNames.Select(_ => zeros_like(centers.Table, requires_grad: false).DetachFromDisposeScope())];

    // int64 [1].
    private readonly Tensor _steps = zeros(1, dtype: ScalarType.Int64).DetachFromDisposeScope();

    /// <summary>All that is remembered from step to step: the tables of the rule, and the steps taken, "step". Writing to them takes effect.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> State => rule.StateNames.Zip(_state).Append(("step", _steps));

    public void Transfer(RunState state) => state.Tensors(State);

    /// <summary>One step with the gradient of a sample.</summary>
    public void Step(CenterSample sample, double learningRate)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = sample.Rows, values = sample.Values.detach(), gradient = sample.Values.grad!;    // [S], [S, d], [S, d]
        Tensor[] state = [.. _state.Select(table => table.index_select(0, rows))];
        rule.Update(values, gradient, state, learningRate, ++TensorMemory.Values<long>(_steps)[0]);
        foreach ((Tensor table, Tensor part) in _state.Zip(state).Append((centers.Table, values)))
        {
            table.index_copy_(0, rows, part);
        }
    }

    public void Dispose()
    {
        foreach ((_, Tensor tensor) in State)
        {
            tensor.Dispose();
        }
    }
}
