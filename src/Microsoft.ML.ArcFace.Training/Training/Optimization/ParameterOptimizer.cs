using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Moves parameters by their gradients. Not TorchSharp's, whose numbers may be freed while libtorch reads them
/// (<see cref="TensorArithmetic"/>): under a busy garbage collector its AdamW fails within some 40 steps. On the processor it
/// passes over memory once instead of once an operation; a step of MobileFaceNet (2.06 million numbers) takes 1.8 instead of
/// 4.1 to 5.6 ms of one core with SGD, and 5.0 instead of 9.7 to 10.8 ms with AdamW.
/// </summary>
internal sealed class ParameterOptimizer : IRunPart, IDisposable
{
    private readonly UpdateRule _rule;
    private readonly Trained[] _trained;

    public ParameterOptimizer(UpdateRule rule, params IEnumerable<ParameterGroup> groups)
    {
        _rule = rule;
        _trained = [.. groups.SelectMany(group => group.Parameters, (group, named) => new Trained(
            named.Name, named.Parameter, group.LearningRateShare, zeros(1, dtype: ScalarType.Int64).DetachFromDisposeScope(),
            [.. rule.StateNames.Select(_ => zeros_like(named.Parameter, requires_grad: false).DetachFromDisposeScope())]))];
    }

    /// <summary>
    /// All that is remembered from step to step: for each parameter the tensors of the rule, such as
    /// "backbone.conv1.weight.momentum_buffer", and the steps taken, "….step", int64 [1]. Writing to them takes effect.
    /// </summary>
    public IEnumerable<(string Name, Tensor Tensor)> State => _trained.SelectMany(trained => trained.State
        .Select((tensor, i) => ($"{trained.Name}.{_rule.StateNames[i]}", tensor))
        .Append(($"{trained.Name}.step", trained.Steps)));

    public void Transfer(RunState state) => state.Tensors(State);

    /// <summary>One step; parameters without a gradient stay as they are.</summary>
    public void Step(double learningRate)
    {
        foreach (Trained trained in _trained)
        {
            using Tensor? gradient = trained.Parameter.grad;
            if (gradient is not null)
            {
                long step = ++TensorMemory.Values<long>(trained.Steps)[0];
                _rule.Update(trained.Parameter, gradient, trained.State, trained.LearningRateShare * learningRate, step);
            }
        }
    }

    /// <summary>Lets the gradients go: the next backward pass sets them instead of adding to them.</summary>
    public void ForgetGradients()
    {
        foreach (Trained trained in _trained)
        {
            trained.Parameter.grad = null;
        }
    }

    public void Dispose()
    {
        foreach ((_, Tensor tensor) in State)
        {
            tensor.Dispose();
        }
    }

    private sealed record Trained(string Name, Parameter Parameter, double LearningRateShare, Tensor Steps, Tensor[] State);
}
