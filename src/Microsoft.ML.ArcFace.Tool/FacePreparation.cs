namespace Microsoft.ML.ArcFace.Tool;

/// <summary>From a photograph to a face of 112×112 in the column "Image".</summary>
internal static class FacePreparation
{
    /// <param name="ml">The context.</param>
    /// <param name="source">The column of paths, or of encoded bytes.</param>
    /// <param name="detector">The .onnx file that finds faces; null: photographs are aligned already.</param>
    public static IEstimator<ITransformer> Create(MLContext ml, string source, string? detector) => detector is null
        ? ml.Transforms.LoadFaceImages("Image", source)
        : ml.Transforms.LoadFaceImages("Photograph", source)
            .Append(ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Photograph", detector))
            .Append(ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks"));
}
