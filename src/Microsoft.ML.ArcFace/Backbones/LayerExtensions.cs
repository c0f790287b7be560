using Microsoft.ML.ArcFace.Backbones.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>Chains layers so that each intermediate is freed as soon as the next one stands.</summary>
internal static class LayerExtensions
{
    /// <summary>
    /// Gives <paramref name="input"/> to <paramref name="layer"/> and frees it. While training, autograd keeps what the
    /// backward pass needs; in evaluation the memory returns at once.
    /// </summary>
    public static Tensor Into(this Tensor input, nn.Module<Tensor, Tensor> layer)
    {
        using (input)
        {
            return layer.call(input);
        }
    }

    /// <summary>The same for two layers that training on the processor computes in one.</summary>
    public static Tensor Into(this Tensor input, BatchNorm norm, ParametricRelu activation)
    {
        if (!NormalizedActivation.Fits(input, norm, activation.Weight))
        {
            return input.Into(norm).Into(activation);
        }

        using (input)
        {
            return NormalizedActivation.Apply(input, norm, activation.Weight);
        }
    }
}
