using Microsoft.ML.ArcFace.Backbones.Inference;
using System.Reflection;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Finds the assembly that brings libtorch, by its name and without registration.</summary>
internal static class TorchRuntime
{
    /// <summary>The package to add.</summary>
    public const string Package = "ArcFace.MLNet.Torch";

    private const string ImplementationName = "Microsoft.ML.ArcFace.Runtime.LibTorchRuntime";

    private const string AssemblyName = "Microsoft.ML.ArcFace.Torch";

    private static readonly Lazy<ITorchRuntime?> s_found = new(() => Find(AssemblyName));

    /// <summary>Gets what libtorch adds; null where the program does not bring it.</summary>
    public static ITorchRuntime? Instance => s_found.Value;

    /// <summary>Looks for the implementation in an assembly; null if the program does not bring it.</summary>
    internal static ITorchRuntime? Find(string assemblyName)
    {
        try
        {
            return (ITorchRuntime?)Activator.CreateInstance(Assembly.Load(assemblyName).GetType(ImplementationName, throwOnError: true)!, nonPublic: true);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
