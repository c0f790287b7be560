namespace Microsoft.ML.ArcFace;

/// <summary>
/// The native torch library cannot be loaded into this process. The message names the library and the version that
/// is missing, and says how to get it.
/// </summary>
public sealed class NativeRuntimeException : Exception
{
    internal NativeRuntimeException(string library, string? requiredVersion, string problem, string remedy, Exception? innerException)
        : base($"The native torch library cannot be loaded: {problem} {remedy}", innerException)
    {
        Library = library;
        RequiredVersion = requiredVersion;
    }

    /// <summary>The file that is missing, too old or unfit, such as <c>libstdc++.so.6</c>.</summary>
    public string Library { get; }

    /// <summary>The version that it must have, such as <c>GLIBCXX_3.4.32</c>; null where any version would do.</summary>
    public string? RequiredVersion { get; }
}
