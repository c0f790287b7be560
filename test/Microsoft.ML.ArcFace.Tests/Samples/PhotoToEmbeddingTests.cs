using System.Globalization;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Samples;

/// <summary>From an unaligned photograph to an embedding by one .zip, read by a process that has nothing else.</summary>
[TestClass]
public class PhotoToEmbeddingTests
{
    private static readonly MLContext Ml = new(seed: 1);

    private sealed class Photograph
    {
        public string ImagePath { get; set; } = "";
    }

    [TestMethod]
    public void Pipeline_InAFreshProcess_GivesTheSameEmbeddings()
    {
        // A detector that sees one face in photographs of 96×64 at most; and one that sees none in them.
        using var folder = new TemporaryFolder();
        byte[] detector = new DetectorModels.Scrfd(96, 64).Set(8, 5, 2, 0, 0.75f).Set(8, 5, 2, 0, 1, 0.5f, 2, 3)
            .Set(8, 5, 2, 0, 0, 0, 1, 0, 0.5f, 0.5f, -1, 1, 1, 1.25f).ToBytes();
        string[] photographs = [.. Enumerable.Range(0, 3).Select(i => folder.Write($"{i}.png", EncodedImages.Gradient(90 - i, 60, SKEncodedImageFormat.Png)))];
        Check(folder, folder.Write("one.onnx", detector), photographs, hasFaces: true);
        Check(folder, folder.Write("none.onnx", new DetectorModels.Scrfd(96, 64).ToBytes()), photographs, hasFaces: false);
    }

    [TestMethod]
    [RequiresYuNet]
    [RequiresFaceData("lfw_raw")]
    public void Pipeline_PhotographsOfPeopleInAFreshProcess_GivesTheSameEmbeddings()
    {
        using var folder = new TemporaryFolder();
        string detector = Path.Combine(folder.FullName, "yunet.onnx");
        File.Copy(DetectorModels.YuNet, detector);
        Check(folder, detector, [.. Directory.EnumerateFiles(TestData.PathOf("lfw_raw"), "*.jpg").Order(StringComparer.Ordinal).Take(4)], hasFaces: true);
    }

    private static void Check(TemporaryFolder folder, string detector, string[] photographs, bool hasFaces)
    {
        string zip = Path.Combine(folder.FullName, "photo.zip"), embeddings = Path.Combine(folder.FullName, "embeddings.tsv");
        IDataView rows = Ml.Data.LoadFromEnumerable(photographs.Select(path => new Photograph { ImagePath = path }));
        using var toFace = Ml.Transforms.LoadFaceImages("Photograph", "ImagePath")
            .Append(Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Photograph", detector))
            .Append(Ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks")).Fit(rows);
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        var model = toFace.Append(embedding);
        float[][] expected = [.. model.Transform(rows).GetColumn<float[]>("Embedding")];
        Assert.IsTrue(expected.SelectMany(vector => vector).All(value => float.IsFinite(value) == hasFaces), "A photograph without a face has an embedding of NaN.");
        Ml.Model.Save(model, rows.Schema, zip);
        File.Delete(detector);

        string said = SamplesProgram.Run(["PhotoToEmbedding", "--pipeline", zip, "--embeddings", embeddings, "--photographs", .. photographs]);
        StringAssert.Contains(said, hasFaces ? "1.000" : "none");
        string[][] lines = [.. File.ReadLines(embeddings).Select(line => line.Split('\t'))];
        CollectionAssert.AreEqual(photographs, lines.Select(line => line[0]).ToArray());
        for (int i = 0; i < photographs.Length; i++)
        {
            CollectionAssert.AreEqual(expected[i], lines[i][1..].Select(number => float.Parse(number, CultureInfo.InvariantCulture)).ToArray());
        }
    }
}
