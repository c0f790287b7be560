using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>From a photograph to a face of 112×112 in the column "Image".</summary>
internal static class FacePreparation
{
    /// <summary>What finds faces.</summary>
    /// <param name="Name">The .onnx file.</param>
    /// <param name="Bytes">Its bytes where they are known already, as those of a pack.</param>
    internal sealed record Detector(string Name, byte[]? Bytes = null)
    {
        public static Detector? Of(FileInfo? file) => file is null ? null : new Detector(file.FullName);
    }

    /// <summary>Tells whether a file is a model's .zip with a detector in it; of a damaged one whoever loads it says what is wrong.</summary>
    public static bool HasDetector(string path)
    {
        try
        {
            using ByteSource source = ByteSource.Open(path);
            return ZipDirectory.IsZip(source) && ZipDirectory.Read(source).Values.Any(entry => entry.FileName == FaceDetectingTransformer.OnnxEntry);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <param name="ml">The context.</param>
    /// <param name="source">The column of paths, or of encoded bytes.</param>
    /// <param name="detector">What finds faces; null: photographs are aligned already.</param>
    /// <param name="skipUnreadable">Whether photographs that cannot be read are left to the trainer to skip; else they are an error.</param>
    public static IEstimator<ITransformer> Create(MLContext ml, string source, Detector? detector, bool skipUnreadable)
    {
        FaceImageLoadingEstimator Load(string output) => ml.Transforms.LoadFaceImages(output, source, unreadableImages: skipUnreadable ? UnreadableImages.Skip : UnreadableImages.Error);
        return detector is null
            ? Load("Image")
            : Load("Photograph")
                .Append(new FaceDetectingEstimator(ml, new FaceDetectingEstimator.Options { ImageColumnName = "Photograph", ModelFile = detector.Name }, detector.Bytes))
                .Append(ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks"));
    }
}
