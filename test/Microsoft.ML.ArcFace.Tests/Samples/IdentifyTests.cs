using System.Text.Json;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Samples;

[TestClass]
public class IdentifyTests
{
    private static readonly MLContext Ml = new(seed: 1);

    [TestMethod]
    public void Identify_PeopleAndAStranger_FindsThemAndRejectsTheStranger()
    {
        using var folder = new TemporaryFolder();
        string people = Path.Combine(folder.FullName, "people"), others = Path.Combine(folder.FullName, "others");
        DrawnFaces.WriteFolder(people, people: 3, picturesPerPerson: 2, seed: 1);
        DrawnFaces.WriteFolder(others, people: 1, picturesPerPerson: 1, seed: 1, firstPerson: 3);
        string stranger = Directory.EnumerateFiles(others, "*.jpg", SearchOption.AllDirectories).Single();
        string[] enrolled = [.. Directory.EnumerateFiles(people, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        string model = Path.Combine(folder.FullName, "faces.zip"), gallery = Path.Combine(folder.FullName, "people.gallery");
        double nearest = WriteModel(model, stranger, enrolled);

        // An untrained network knows the photographs themselves, not the people.
        string[] common = ["Identify", "--model", model, "--gallery", gallery, "--threshold", ((nearest + 1) / 2).ToString("R"), "--photographs", enrolled[0], stranger];
        foreach (string[] also in Enumerable.Repeat<string[]>(["--people", people], 2))
        {
            JsonElement[] found = LastLine(SamplesProgram.Run([.. common, .. also]));
            Assert.AreEqual("Unknown", found[1].GetProperty("outcome").GetString());
            Assert.AreEqual(nearest, found[1].GetProperty("score").GetDouble(), 1e-4);
            Assert.AreEqual(JsonValueKind.Null, found[1].GetProperty("personId").ValueKind);
            Assert.AreEqual(Path.GetFileName(Path.GetDirectoryName(enrolled[0])), found[0].GetProperty("nearest").GetString());
            Assert.AreEqual(1, found[0].GetProperty("score").GetDouble(), 1e-5);
        }

        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        using FaceGallery kept = Ml.FaceRecognition().CreateGallery(embedding, gallery);
        Assert.AreEqual((3, 6), (kept.PersonCount, kept.PhotographCount), "Enrolled once, however often it was run.");
    }

    /// <summary>The cosine of the stranger to the nearest photograph.</summary>
    private static double WriteModel(string path, string stranger, string[] enrolled)
    {
        IDataView rows = Ml.Data.LoadFromEnumerable(enrolled.Prepend(stranger).Select(image => new Photograph { ImagePath = image }));
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        ITransformer model = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Append(embedding);
        Ml.Model.Save(model, rows.Schema, path);
        float[][] embeddings = [.. model.Transform(rows).GetColumn<float[]>("Embedding")];
        return embeddings[1..].Max(one => one.Zip(embeddings[0], (x, y) => (double)x * y).Sum());
    }

    private static JsonElement[] LastLine(string output) => [.. JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]).RootElement.EnumerateArray()];

    private sealed class Photograph
    {
        public string ImagePath { get; set; } = "";
    }
}
