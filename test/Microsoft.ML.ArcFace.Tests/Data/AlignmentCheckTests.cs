using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tests.Tool;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Data;

/// <summary>Photographs that are no aligned faces when they reach a model: one warning, a count, or a refusal.</summary>
[TestClass]
public class AlignmentCheckTests
{
    private static readonly ArcFaceTrainer.Options Quick = new() { Epochs = 1, BatchSize = 4, EmbeddingSize = 16, Seed = 3 };
    private static DrawnPeople s_people = null!;
    private static string[] s_aligned = [];
    private static string s_wide = "", s_tall = "", s_zip = "";

    [ClassInitialize]
    public static void Draw(TestContext _)
    {
        s_people = new DrawnPeople(people: 4, picturesPerPerson: 3);
        s_aligned = [.. Directory.EnumerateFiles(s_people.Folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        s_wide = Path.Combine(s_people.Folder, "wide.png");
        s_tall = Path.Combine(s_people.Folder, "tall.png");
        File.WriteAllBytes(s_wide, EncodedImages.Gradient(250, 112, SKEncodedImageFormat.Png));
        File.WriteAllBytes(s_tall, EncodedImages.Gradient(112, 113, SKEncodedImageFormat.Png));
        s_zip = Path.Combine(s_people.Folder, "faces.zip");
        var ml = new MLContext(seed: 1);
        IDataView rows = Rows(ml, s_aligned[0]);
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Append(embedding), rows.Schema, s_zip);
    }

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    public void Transform_UnalignedPhotographs_WarnsOnceAndCountsAll()
    {
        var ml = new MLContext(seed: 1);
        List<string> warnings = LoggedWarnings.Of(ml);
        ITransformer model = ml.Model.Load(s_zip, out DataViewSchema _);
        using var native = (IDisposable)model;
        model.Transform(Rows(ml, s_aligned[0], s_aligned[1])).GetColumn<float[]>("Embedding").Count();
        Assert.AreEqual(0, model.FaceEmbedding().UnalignedImageCount);
        Assert.IsEmpty(warnings);

        model.Transform(Rows(ml, s_aligned[0], s_wide, s_tall, s_wide)).GetColumn<float[]>("Embedding").Count();
        Assert.AreEqual(3, model.FaceEmbedding().UnalignedImageCount);
        string warning = warnings.Single();
        StringAssert.StartsWith(warning, $"The photograph '{s_wide}' (250×112 pixels) is no aligned face of 112×112 pixels.");
        StringAssert.Contains(warning, "cropped to its central square");
        StringAssert.Contains(warning, "DetectFaces and AlignFaces");
        StringAssert.Contains(warning, "--detector");
    }

    [TestMethod]
    public void RequireAlignedFaces_UnalignedPhotograph_IsRefusedByName()
    {
        var ml = new MLContext(seed: 1);
        ITransformer model = ml.Model.Load(s_zip, out DataViewSchema _);
        using var native = (IDisposable)model;
        ITransformer strict = model.RequireAlignedFaces();
        Assert.AreEqual(2, strict.Transform(Rows(ml, s_aligned[0], s_aligned[1])).GetColumn<float[]>("Embedding").Count());
        FaceImageException refusal = Assert.ThrowsExactly<FaceImageException>(() => strict.Transform(Rows(ml, s_aligned[0], s_tall)).GetColumn<float[]>("Embedding").Count());
        StringAssert.StartsWith(refusal.Message, $"The image '{s_tall}' has 112×113 pixels, but aligned faces of 112×112 are required.");
        Assert.AreEqual($"'{s_tall}'", refusal.ImageName);

        // A threshold added later changes nothing about it, and the model it came from is as it was.
        Assert.ThrowsExactly<FaceImageException>(() => strict.WithThreshold(Thresholds.Of(0.4)).Transform(Rows(ml, s_tall)).GetColumn<float[]>("Embedding").Count());
        Assert.AreEqual(1, model.Transform(Rows(ml, s_tall)).GetColumn<float[]>("Embedding").Count());
    }

    [TestMethod]
    public void Transform_AlignedInThePipeline_IsNotCounted()
    {
        var ml = new MLContext(seed: 1);
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        IDataView rows = Rows(ml, s_wide);
        var model = ml.Transforms.LoadFaceImages("Photograph", "ImagePath").Append(ml.Transforms.AlignFaces("Image", "Photograph")).Fit(rows).Append(embedding);
        Assert.AreEqual(1, model.RequireAlignedFaces().Transform(rows).GetColumn<float[]>("Embedding").Count());
        Assert.AreEqual(0, embedding.UnalignedImageCount);
    }

    [TestMethod]
    public async Task Embedder_UnalignedPhotographs_AreToldOfOnceAndMarked()
    {
        var log = new Messages();
        using var embedder = new FaceEmbedder(s_zip, new FaceEmbedder.Options { ReloadInterval = null }, logger: log);
        Assert.IsTrue(embedder.Embed(s_aligned[0]).IsAligned);
        Assert.IsTrue((await embedder.EmbedAsync(s_aligned[0])).IsAligned);
        Assert.IsEmpty(log.Warnings);
        Assert.IsFalse(embedder.Embed(s_tall).IsAligned);
        Assert.IsFalse((await embedder.EmbedAsync(File.ReadAllBytes(s_wide))).IsAligned);
        Assert.AreEqual(2, embedder.UnalignedImageCount);
        StringAssert.Contains(log.Warnings.Single(), $"'{s_tall}' (112×113 pixels)");

        using var strict = new FaceEmbedder(s_zip, new FaceEmbedder.Options { ReloadInterval = null, RequireAligned = true }, logger: log);
        StringAssert.Contains(Assert.ThrowsExactly<FaceImageException>(() => strict.Embed(s_wide)).Message, $"'{s_wide}' has 250×112 pixels");
        Assert.IsTrue(strict.Embed(s_aligned[0]).IsAligned);
        Assert.HasCount(1, log.Warnings);
    }

    [TestMethod]
    public void Fit_UnalignedPhotographs_AreCountedOrRefused()
    {
        var ml = new MLContext(seed: 1);
        List<string> warnings = LoggedWarnings.Of(ml);
        IDataView rows = Rows(ml, [.. s_aligned[..6], s_wide, s_tall]);
        IDataView images = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows);
        using (FaceEmbeddingTransformer embedding = ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(images))
        {
            Assert.AreEqual(2, embedding.UnalignedImageCount);
        }

        StringAssert.StartsWith(warnings.Single(warning => warning.Contains("aligned", StringComparison.Ordinal)), $"In the training set 2 photographs are no aligned faces of 112×112 pixels, such as '{s_wide}' (250×112 pixels).");
        ArcFaceTrainer strict = ml.FaceRecognition().Trainers.ArcFace(Quick with { RequireAligned = true });
        StringAssert.Contains(Assert.ThrowsExactly<FaceImageException>(() => strict.Fit(images)).Message, $"'{s_wide}' has 250×112 pixels");
        StringAssert.Contains(Assert.ThrowsExactly<FaceImageException>(() => strict.Fit(s_people.Images(ml), images)).Message, $"'{s_wide}' has 250×112 pixels");
    }

    [TestMethod]
    public void Tool_UnalignedPhotographs_AreCountedWarnedOfOrRefused()
    {
        string[] verify = ["verify", "--model", s_zip, "--cosine", "0.5", s_aligned[0]];
        ToolOutcome aligned = ToolProgram.Run([.. verify, s_aligned[0], "--json"]), unaligned = ToolProgram.Run([.. verify, s_wide, "--json"]), refused = ToolProgram.Run([.. verify, s_wide, "--require-aligned", "--json"]);
        Assert.AreEqual(0, NotAligned(aligned));
        Assert.IsFalse(aligned.Error.Contains("aligned", StringComparison.Ordinal), aligned.Error);
        Assert.AreEqual(1, NotAligned(unaligned));
        StringAssert.Contains(unaligned.Error, "wide.png' (250×112 pixels) is no aligned face");
        Assert.AreEqual((1, "FaceImageException"), (refused.ExitCode, refused.ErrorKind));
        StringAssert.Contains(refused.Error, "wide.png' has 250×112 pixels");

        using var folder = new TemporaryFolder();
        for (int picture = 0; picture < 15; picture++)
        {
            string person = Path.Combine(folder.FullName, "people", $"p{picture / 3}");
            Directory.CreateDirectory(person);
            File.WriteAllBytes(Path.Combine(person, $"{picture:00}.png"), EncodedImages.Gradient(120 + picture, 130, SKEncodedImageFormat.Png));
        }

        string people = Path.Combine(folder.FullName, "people");
        foreach (string[] command in new[] { new[] { "evaluate" }, ["report", "--output", Path.Combine(folder.FullName, "report.html")] })
        {
            string[] line = [.. command, "--model", s_zip, "--data", people, "--json"];
            ToolOutcome counted = ToolProgram.Run(line);
            Assert.AreEqual(15, NotAligned(counted), command[0]);
            Assert.AreEqual(1, counted.Error.Split("is no aligned face").Length - 1, command[0]);
            ToolOutcome strict = ToolProgram.Run([.. line, "--require-aligned"]);
            Assert.AreEqual(1, strict.ExitCode, command[0]);
            StringAssert.Contains(strict.Error, "00.png' has 120×130 pixels", command[0]);
        }

        static int NotAligned(ToolOutcome outcome) => JsonDocument.Parse(outcome.Output).RootElement.GetProperty("notAligned").GetInt32();
    }

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }

    /// <summary>Two photographs a person.</summary>
    private static IDataView Rows(MLContext ml, params string[] paths) =>
        ml.Data.LoadFromEnumerable(paths.Select((path, index) => new Row { ImagePath = path, Label = $"p{index / 2}" }).ToList());

    private sealed class Messages : ILogger<FaceEmbedder>
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Warning)
            {
                Warnings.Add(formatter(state, exception));
            }
        }
    }
}
