using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Benchmarks;

/// <summary>Weights drawn anew, in magnitudes that neither grow nor vanish from layer to layer.</summary>
internal static class RandomWeights
{
    public static void Write(BackboneArchitecture architecture, string path)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using FaceBackbone backbone = FaceBackbone.Create(architecture);
        foreach (Convolution convolution in backbone.modules().OfType<Convolution>())
        {
            nn.init.kaiming_normal_(convolution.Weight);
        }

        Write(path, [.. ModuleState.Of(backbone)]);
    }

    public static void Write(string path, IReadOnlyList<(string Name, Tensor Tensor)> tensors)
    {
        using FileStream stream = File.Create(path);
        Safetensors.Write(stream, tensors);
    }
}
