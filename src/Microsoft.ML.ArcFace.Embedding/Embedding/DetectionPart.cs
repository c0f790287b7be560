using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>
/// Says which package is missing where a saved model detects faces and the program does not bring the part that does. ML.NET
/// looks for that part by the name of its assembly, which the model's file holds, and would name the assembly alone.
/// </summary>
internal static class DetectionPart
{
    /// <summary>The package to add.</summary>
    public const string Package = "ArcFace.MLNet.Detection";

    private const string AssemblyName = "Microsoft.ML.ArcFace.Detection";

    /// <summary>Listens before any transformer of this part is made: those that load photographs stand before a detector.</summary>
#pragma warning disable CA2255 // A saved model is the first that a program asks of this library; there is no entry point of its own before.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Initialize() => AssemblyLoadContext.GetLoadContext(typeof(DetectionPart).Assembly)!.Resolving += (_, name) => Explain(name);

    /// <summary>Is asked for assemblies that were not found.</summary>
    /// <exception cref="InvalidOperationException">It is the one that detects; who asked for it gets this as the innermost exception.</exception>
    internal static System.Reflection.Assembly? Explain(System.Reflection.AssemblyName name) => name.Name != AssemblyName ? null : throw new InvalidOperationException(
        $"The model detects faces, for which this program lacks the package {Package} (assembly {AssemblyName}). Add it to the program, and Microsoft.ML.OnnxRuntime beside it: dotnet add package {Package}.");
}
