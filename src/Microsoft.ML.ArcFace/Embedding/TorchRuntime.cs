using System.Reflection;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Finds the assembly that brings libtorch, by its name and without registration.</summary>
internal static class TorchRuntime
{
    /// <summary>The package to add.</summary>
    public const string Package = "ArcFace.MLNet.Torch";

    private const string ImplementationName = "Microsoft.ML.ArcFace.Runtime.LibTorchRuntime";

    private static readonly string[] s_assemblies = ["Microsoft.ML.ArcFace.Torch", "Microsoft.ML.ArcFace"];

    private static readonly Lazy<ITorchRuntime?> s_found = new(() => Find(s_assemblies));

    /// <summary>Gets what libtorch adds; null where the program does not bring it.</summary>
    public static ITorchRuntime? Instance => s_found.Value;

    /// <summary>Looks for the implementation in the first of these assemblies that has it.</summary>
    internal static ITorchRuntime? Find(IEnumerable<string> assemblyNames) =>
        assemblyNames.Select(Create).FirstOrDefault(runtime => runtime is not null);

    private static ITorchRuntime? Create(string assemblyName)
    {
        try
        {
            return Assembly.Load(assemblyName).GetType(ImplementationName) is { } type ? (ITorchRuntime?)Activator.CreateInstance(type, nonPublic: true) : null;
        }
        catch (FileNotFoundException)
        {
            return null;                                       // the program does not bring it
        }
    }
}
