using System.Diagnostics;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.InferenceCheck;

namespace Microsoft.ML.ArcFace.Tests.Backbones.Inference;

/// <summary>A process that only computes embeddings, and then says which native libraries of torch it has loaded.</summary>
internal static class EmbeddingWithoutTorch
{
    public const string Name = "embedding-without-torch";

    public static void Run()
    {
        using var network = new InferenceNetwork(new BackboneState(FormulaWeights.Of(BackboneArchitecture.MobileFaceNet, 64)), BackboneArchitecture.MobileFaceNet, VectorWidths.Best, () => 2);
        float[] embedding = network.Embed(new byte[FaceTensor.ByteCount], 1);
        IEnumerable<string> torch = Process.GetCurrentProcess().Modules.Cast<ProcessModule>().Select(module => module.ModuleName)
            .Where(name => name.Contains("torch", StringComparison.OrdinalIgnoreCase) && !name.EndsWith("TorchSharp.dll", StringComparison.Ordinal));
        Console.WriteLine($"{embedding.Length} numbers; native: {string.Join(' ', torch)}");
    }
}
