using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Runtime;
using Tensor = TorchSharp.torch.Tensor;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>v ← μv + g + λw, w ← w − ηv: torch.optim.SGD without dampening.</summary>
/// <param name="momentum">μ.</param>
/// <param name="weightDecay">λ.</param>
internal sealed class MomentumRule(double momentum, double weightDecay) : UpdateRule("momentum_buffer")
{
    protected override void Update(
        Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> velocity, Span<float> none, double learningRate, long step)
    {
        TensorPrimitives.MultiplyAddEstimate(velocity, (float)momentum, gradient, velocity);
        TensorPrimitives.MultiplyAddEstimate(parameter, (float)weightDecay, velocity, velocity);
        TensorPrimitives.MultiplyAddEstimate(velocity, (float)-learningRate, parameter, parameter);
    }

    protected override void UpdateByTorch(Tensor parameter, Tensor gradient, Tensor[] state, double learningRate, long step)
    {
        Tensor velocity = state[0];
        velocity.MultiplyInPlace(momentum).AddInPlace(gradient, 1).AddInPlace(parameter, weightDecay);
        parameter.AddInPlace(velocity, -learningRate);
    }
}
