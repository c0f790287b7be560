using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Files;

/// <summary>Whoever reads a file says whether nothing is there or a folder.</summary>
[TestClass]
public class MissingFileTests
{
    private static readonly MLContext Ml = new();

    public static IEnumerable<object[]> Readers =>
    [
        ["weights", (string path) => { Ml.Transforms.EmbedFaces("Embedding", "Image", path, BackboneArchitecture.IResNet50).Fit(Ml.Data.LoadFromEnumerable<Face>([])); }],
        ["list", (string path) => { Ml.FaceRecognition().LoadFromList(path); }],
        ["pairs", (string path) => { Ml.FaceRecognition().LoadFromVerificationBin(path); }],
        ["records", (string path) => { Ml.FaceRecognition().LoadFromRecordIO(path); }],
        ["model", (string path) => { Ml.FaceRecognition().LoadModel(path, out _); }],
        ["service", (string path) => { new FaceEmbedder(path).Dispose(); }],
        ["detector", (string path) => { Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Image", path).Fit(Ml.Data.LoadFromEnumerable<Face>([])); }],
    ];

    [TestMethod]
    [DynamicData(nameof(Readers))]
    public void Read_FolderOrNothing_IsSaid(string reader, Action<string> read)
    {
        using var folder = new TemporaryFolder();
        string absent = Path.Combine(folder.FullName, "absent");
        Assert.Contains($"'{folder.FullName}' is a folder. Give ", Assert.ThrowsExactly<FileNotFoundException>(() => read(folder.FullName)).Message, reader);
        Assert.Contains($"'{absent}' does not exist (looked for '{absent}'). Give ", Assert.ThrowsExactly<FileNotFoundException>(() => read(absent)).Message, reader);
    }

    private sealed class Face
    {
        [Microsoft.ML.Transforms.Image.ImageType(112, 112)]
        public Microsoft.ML.Data.MLImage Image { get; set; } = null!;
    }
}
