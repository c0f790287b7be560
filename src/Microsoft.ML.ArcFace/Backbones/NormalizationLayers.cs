using Microsoft.ML.ArcFace.Backbones.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>BatchNorm with what follows it, in one step where that is possible.</summary>
internal static class NormalizationLayers
{
    /// <summary>PReLU(BatchNorm(input)) + shortcut, the last two only if given: [B,C,H,W] → [B,C,H,W].</summary>
    public static Tensor Normalize(this Tensor input, BatchNorm2d norm, ParametricRelu? activation = null, Tensor? shortcut = null)
    {
        if (FusedNormalization.Fits(input, norm, activation?.Weight, shortcut))
        {
            return FusedNormalization.Apply(input, norm, activation?.Weight, shortcut);
        }

        Tensor output = norm.call(input);
        output = activation is null ? output : output.Into(activation);
        return shortcut is null ? output : output.add_(shortcut);
    }

    /// <summary>The same, and frees <paramref name="input"/>.</summary>
    public static Tensor IntoNormalization(this Tensor input, BatchNorm2d norm, ParametricRelu? activation = null, Tensor? shortcut = null)
    {
        using (input)
        {
            return input.Normalize(norm, activation, shortcut);
        }
    }
}
