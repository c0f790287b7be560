namespace Microsoft.ML.ArcFace.Tool;

/// <summary>From a photograph to a face of 112×112 in the column "Image".</summary>
internal static class FacePreparation
{
    /// <param name="ml">The context.</param>
    /// <param name="source">The column of paths, or of encoded bytes.</param>
    /// <param name="detector">The .onnx file that finds faces; null: photographs are aligned already.</param>
    /// <param name="skipUnreadable">Whether photographs that cannot be read are left to the trainer to skip; else they are an error.</param>
    public static IEstimator<ITransformer> Create(MLContext ml, string source, string? detector, bool skipUnreadable)
    {
        FaceImageLoadingEstimator Load(string output) => ml.Transforms.LoadFaceImages(output, source, unreadableImages: skipUnreadable ? UnreadableImages.Skip : UnreadableImages.Error);
        return detector is null
            ? Load("Image")
            : Load("Photograph")
                .Append(ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Photograph", detector))
                .Append(ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks"));
    }
}
