using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Finds the part that brings libtorch.</summary>
internal static class TorchRuntime
{
    /// <summary>The package to add.</summary>
    public const string Package = "ArcFace.MLNet.Torch";

    private static readonly Lazy<ITorchRuntime?> s_found = new(() => Find("Microsoft.ML.ArcFace.Torch"));

    /// <summary>Gets what libtorch adds; null where the program does not bring it.</summary>
    public static ITorchRuntime? Instance => s_found.Value;

    /// <summary>Looks for the implementation in an assembly; null if the program does not bring it.</summary>
    internal static ITorchRuntime? Find(string assemblyName) => OptionalPart.Find<ITorchRuntime>(assemblyName, "Microsoft.ML.ArcFace.Runtime.LibTorchRuntime");
}
