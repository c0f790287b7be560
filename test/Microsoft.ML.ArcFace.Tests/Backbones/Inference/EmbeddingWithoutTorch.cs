using System.Diagnostics;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.FormulaNetworks;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Tests.Backbones.Inference;

/// <summary>A process that only computes embeddings, and then says which native libraries of torch it has loaded.</summary>
internal static class EmbeddingWithoutTorch
{
    public const string Name = "embedding-without-torch";

    public static void Run()
    {
        NetworkDescription described = BackboneDescription.Of(BackboneArchitecture.MobileFaceNet, 64);
        using var network = new InferenceNetwork(described, FormulaWeights.Of(described), VectorWidths.Best, () => 2);
        float[] embedding = network.Embed(new byte[FaceInput.Count], 1);
        IEnumerable<string> torch = Process.GetCurrentProcess().Modules.Cast<ProcessModule>().Select(module => module.ModuleName)
            .Where(name => name.Contains("torch", StringComparison.OrdinalIgnoreCase) && !name.EndsWith("TorchSharp.dll", StringComparison.Ordinal));
        Console.WriteLine($"{embedding.Length} numbers; native: {string.Join(' ', torch)}");
    }
}
