using System.Reflection;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>Reads the version under which an assembly was packed.</summary>
internal static class AssemblyVersion
{
    /// <summary>Gives the version without the commit that it was built from, such as 0.1.0 or 0.2.0-preview.1.</summary>
    public static string Of(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? assembly.GetName().Version!.ToString(3);
}
