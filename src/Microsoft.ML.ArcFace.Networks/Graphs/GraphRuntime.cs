using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Finds the part that brings ONNX Runtime, for graphs that are not computed here.</summary>
internal static class GraphRuntime
{
    /// <summary>The package to add.</summary>
    public const string Package = "ArcFace.MLNet.OnnxRuntime";

    /// <summary>What to do where there is none.</summary>
    public const string Remedy = $"ONNX Runtime may compute it: dotnet add package {Package}; dotnet add package Microsoft.ML.OnnxRuntime.";

    private static readonly Lazy<IGraphRuntime?> s_found = new(() => Find("Microsoft.ML.ArcFace.OnnxRuntime"));

    /// <summary>Gets what runs such graphs; null where the program does not bring it.</summary>
    public static IGraphRuntime? Instance => s_found.Value;

    /// <summary>Looks for the implementation in an assembly; null if the program does not bring it.</summary>
    internal static IGraphRuntime? Find(string assemblyName) => OptionalPart.Find<IGraphRuntime>(assemblyName, "Microsoft.ML.ArcFace.Graphs.OnnxGraphRuntime");

    /// <summary>Opens a graph that is not computed here.</summary>
    /// <param name="runtime">What was found; null for nothing.</param>
    /// <param name="reason">Why it is not computed here, with the operator and the node.</param>
    /// <param name="open">Opens it.</param>
    /// <exception cref="WeightsFormatException">There is no runtime, or it has no native library.</exception>
    internal static IPictureGraph Open(IGraphRuntime? runtime, string reason, Func<IGraphRuntime, IPictureGraph> open)
    {
        try
        {
            return open(runtime ?? throw new WeightsFormatException($"{reason} {Remedy}"));
        }
        catch (NativeRuntimeException error)
        {
            throw new WeightsFormatException($"{reason} {error.Message}", error);
        }
    }
}
