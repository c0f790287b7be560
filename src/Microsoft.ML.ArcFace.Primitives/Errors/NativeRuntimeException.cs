namespace Microsoft.ML.ArcFace;

/// <summary>
/// A native library, torch's or ONNX Runtime's, cannot be loaded into this process. The message names the library and the
/// version that is missing, and says how to get it.
/// </summary>
public sealed class NativeRuntimeException : FaceRecognitionException
{
    internal NativeRuntimeException(string library, string? requiredVersion, string problem, string remedy, Exception? innerException)
        : this($"The native torch library cannot be loaded: {problem} {remedy}", library, requiredVersion, innerException)
    {
    }

    private NativeRuntimeException(string message, string library, string? requiredVersion, Exception? innerException)
        : base(message, innerException)
    {
        Library = library;
        RequiredVersion = requiredVersion;
    }

    /// <summary>Programs bring ONNX Runtime's native library as they bring torch's, for graphs that are not computed by our own code.</summary>
    internal static NativeRuntimeException OfOnnxRuntime(string version, Exception error) => new(
        $"The native library of ONNX Runtime, which computes such a graph, cannot be loaded ({error.GetBaseException().Message.Split('\n')[0].TrimEnd('.')}). " +
        $"Add it to the program: dotnet add package Microsoft.ML.OnnxRuntime --version {version}.",
        "onnxruntime", version, error);

    /// <summary>The file that is missing, too old or unfit, such as <c>libstdc++.so.6</c>.</summary>
    public string Library { get; }

    /// <summary>The version that it must have, such as <c>GLIBCXX_3.4.32</c>; null where any version would do.</summary>
    public string? RequiredVersion { get; }
}
