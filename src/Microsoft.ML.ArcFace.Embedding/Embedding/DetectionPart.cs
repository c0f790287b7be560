using Microsoft.ML;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(ITransformer), typeof(DetectionPart), null, typeof(SignatureLoadModel), "Face detecting", DetectionPart.LoaderSignature)]
[assembly: LoadableClass(typeof(IRowMapper), typeof(DetectionPart), null, typeof(SignatureLoadRowMapper), "Face detecting", DetectionPart.LoaderSignature)]

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>
/// Loads the face detector of a saved model by the part that detects. The model's file names this assembly, so that a program
/// without that part is told the package that it lacks, and not only the name of an assembly.
/// </summary>
internal static class DetectionPart
{
    internal const string LoaderSignature = "FaceDetecting";

    /// <summary>The package to add.</summary>
    private const string Package = "ArcFace.MLNet.Detection";

    private static readonly Lazy<IFaceDetection?> s_found = new(() => Find("Microsoft.ML.ArcFace.Detection"));

    /// <summary>Looks for the implementation in an assembly; null if the program does not bring it.</summary>
    internal static IFaceDetection? Find(string assemblyName) => OptionalPart.Find<IFaceDetection>(assemblyName, "Microsoft.ML.ArcFace.Detection.FaceDetection");

    /// <summary>Gives the part, or says that the program lacks it.</summary>
    /// <exception cref="InvalidOperationException">The program does not bring it.</exception>
    internal static IFaceDetection Required(IFaceDetection? found) => found ?? throw new InvalidOperationException(
        $"The model detects faces, for which this program lacks the package {Package}. Add it to the program: dotnet add package {Package}.");

    private static ITransformer Create(IHostEnvironment environment, ModelLoadContext context) => Required(s_found.Value).Load(environment, context);

    private static IRowMapper Create(IHostEnvironment environment, ModelLoadContext context, DataViewSchema inputSchema) => Required(s_found.Value).LoadRowMapper(environment, context, inputSchema);
}
