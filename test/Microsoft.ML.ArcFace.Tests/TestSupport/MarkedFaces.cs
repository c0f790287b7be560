using Microsoft.ML.ArcFace.Tests.Embedding;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>A photograph with two faces that can be aligned, and models that find both or one of them, whatever they are shown.</summary>
internal static class MarkedFaces
{
    private static readonly MLContext Ml = new(seed: 1);

    /// <summary>The photograph on which the detectors' numbers are worked out.</summary>
    public static byte[] Photograph { get; } = EncodedImages.Gradient(90, 60, SKEncodedImageFormat.Png);

    /// <summary>The landmarks of the face in the corner.</summary>
    public static float[] CornerLandmarks { get; } = [2, 1, 15, 2, 8, 8, 3, 16, 14, 15];

    /// <summary>The face of <see cref="DetectorModels.Scrfd.OneFace"/>, which is the main one, and the one in the corner.</summary>
    public static byte[] Both() => Corner(DetectorModels.Scrfd.OneFace()).ToBytes();

    public static byte[] MainAlone() => DetectorModels.Scrfd.OneFace().ToBytes();

    public static byte[] CornerAlone() => Corner(new DetectorModels.Scrfd(96, 64)).ToBytes();

    /// <summary>Saves a model that loads, detects, does what is added, aligns and embeds.</summary>
    public static string Save(TemporaryFolder folder, string name, byte[] detector, Func<IEstimator<ITransformer>, IEstimator<ITransformer>>? added = null, VerificationThreshold? threshold = null)
    {
        IDataView rows = Ml.Data.LoadFromEnumerable([new Row { ImagePath = folder.Write($"{name}.png", Photograph) }]);
        IEstimator<ITransformer> found = Ml.Transforms.LoadFaceImages("Photograph", "ImagePath", unreadableImages: UnreadableImages.Skip)
            .Append(Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Photograph", folder.Write($"{name}.onnx", detector)));
        ITransformer faces = (added?.Invoke(found) ?? found).Append(Ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks")).Fit(rows);
        using var native = faces as IDisposable;
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        string zip = Path.Combine(folder.FullName, $"{name}.zip");
        Ml.Model.Save(new Microsoft.ML.Data.TransformerChain<ITransformer>(faces, embedding).WithThreshold(threshold), rows.Schema, zip);
        return zip;
    }

    private static DetectorModels.Scrfd Corner(DetectorModels.Scrfd model) => model
        .Set(32, 0, 0, 0, 0.5625f).Set(32, 0, 0, 0, 0, 0, 0.75f, 0.875f).Set(32, 0, 0, 0, [.. CornerLandmarks.Select(value => value / 32)]);

    public sealed class Row
    {
        public string ImagePath { get; set; } = "";
    }
}
