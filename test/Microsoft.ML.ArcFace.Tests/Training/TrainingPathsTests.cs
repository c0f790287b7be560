using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>The ways through the trainer beside the usual one; a few steps each, on drawn faces.</summary>
[TestClass]
public class TrainingPathsTests
{
    private static readonly ArcFaceTrainer.Options Quick = new() { Epochs = 1, BatchSize = 4, EmbeddingSize = 16, Seed = 3 };
    private static DrawnPeople s_people = null!;

    [ClassInitialize]
    public static void Draw(TestContext _) => s_people = new DrawnPeople(people: 4, picturesPerPerson: 4);

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    public void Fit_SetLargerThanTheCache_IsReadAgainAndSeesEveryPhotograph()
    {
        var log = new List<string>();
        var ml = new MLContext(seed: 1);
        ml.Log += (_, line) => log.Add(line.Message);
        int lastStep = 0;
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers
            .ArcFace(Quick with { Epochs = 2, ImageCacheBytes = 0, Progress = progress => lastStep = progress.Step })
            .Fit(Images(ml));
        Assert.AreEqual(8, lastStep);
        Assert.IsTrue(log.Exists(line => line.Contains("read again in each epoch", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Fit_ValidationSet_ReportsAreaAndStopsEarly()
    {
        using var others = new DrawnPeople(people: 3, picturesPerPerson: 3, seed: 9);
        var ml = new MLContext(seed: 1);
        var epochs = new List<TrainingProgress>();
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(Quick with
        {
            // So few pairs cannot be told apart better and better for forty epochs.
            Epochs = 40, ValidationSet = Images(ml, others.Folder), EarlyStoppingPatienceEpochs = 1,
            Progress = progress => { if (progress.IsEpochEnd) { epochs.Add(progress); } },
        }).Fit(Images(ml));
        Assert.IsTrue(epochs.TrueForAll(epoch => epoch.ValidationAreaUnderRocCurve is > 0 and <= 1));
        Assert.IsLessThan(40, epochs.Count);
        double best = epochs.Take(epochs.Count - 1).Max(epoch => epoch.ValidationAreaUnderRocCurve!.Value);
        Assert.IsLessThanOrEqualTo(best, epochs[^1].ValidationAreaUnderRocCurve!.Value);
    }

    [TestMethod]
    public void Fit_AdamW_Trains()
    {
        var ml = new MLContext(seed: 1);
        double first = double.NaN, last = double.NaN;
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(Quick with
        {
            Optimizer = TrainingOptimizer.AdamW, Epochs = 8, MarginRampFraction = 0, Augmentation = FaceAugmentation.MirrorOnly,
            Progress = progress => (first, last) = (double.IsNaN(first) ? progress.Loss : first, progress.Loss),
        }).Fit(Images(ml));
        Assert.IsLessThan(first, last);
    }

    [TestMethod]
    public void Fit_KeyLabel_PredictedLabelHasItsNamesAndEvaluates()
    {
        var ml = new MLContext(seed: 1);
        IDataView keyed = ml.Transforms.Conversion.MapValueToKey("Label").Fit(Images(ml)).Transform(Images(ml));
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers
            .ArcFace(Quick with { PredictedLabelColumnName = "PredictedLabel", ScoreColumnName = "Score" }).Fit(keyed);
        IDataView scored = model.Transform(keyed);
        MulticlassClassificationMetrics metrics = ml.MulticlassClassification.Evaluate(scored);

        VBuffer<ReadOnlyMemory<char>> names = default, predicted = default;
        keyed.Schema["Label"].GetKeyValues(ref names);
        scored.Schema["PredictedLabel"].GetKeyValues(ref predicted);
        CollectionAssert.AreEqual(names.DenseValues().Select(n => n.ToString()).ToArray(), predicted.DenseValues().Select(n => n.ToString()).ToArray());
        double right = scored.GetColumn<uint>("Label").Zip(scored.GetColumn<uint>("PredictedLabel"), (a, b) => a == b ? 1.0 : 0.0).Average();
        Assert.AreEqual(right, metrics.MicroAccuracy, 1e-9);
    }

    [TestMethod]
    public void Fit_InsideCrossValidate_GivesMetricsForEachFold()
    {
        var ml = new MLContext(seed: 1);
        IDataView rows = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        IDataView keyed = ml.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
        var pipeline = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.FaceRecognition().Trainers.ArcFace(
            Quick with { BatchSize = 2, PredictedLabelColumnName = "PredictedLabel", ScoreColumnName = "Score" }));
        var folds = ml.MulticlassClassification.CrossValidate(keyed, pipeline, numberOfFolds: 2);
        Assert.HasCount(2, folds);
        foreach (var fold in folds)
        {
            Assert.IsTrue(fold.Metrics.LogLoss >= 0 && double.IsFinite(fold.Metrics.LogLoss));
            ((IDisposable)fold.Model).Dispose();
        }
    }

    [TestMethod]
    public void Fit_SkippedImages_AreLeftOutWithAWarning()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 4);
        File.WriteAllText(people.AnyPicture, "not a photograph");
        var ml = new MLContext(seed: 1);
        IDataView rows = ml.FaceRecognition().LoadFromFolder(people.Folder);
        IDataView images = ml.Transforms.LoadFaceImages("Image", "ImagePath", unreadableImages: UnreadableImages.Skip).Fit(rows).Transform(rows);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(images)).Message, "1 of 8 rows have no photograph");
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(Quick with { BatchSize = 2, UnreadableImages = UnreadableImages.Skip }).Fit(images);
        Assert.HasCount(2, model.PersonNames!);
    }

    [TestMethod]
    public void Fit_OnePhotographEach_SaysWhatIsMissing()
    {
        using var people = new DrawnPeople(people: 5, picturesPerPerson: 1);
        var ml = new MLContext(seed: 1);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(Images(ml, people.Folder))).Message, "single photograph");
    }

    [TestMethod]
    public void Fit_MissingLabel_NamesTheRow()
    {
        var ml = new MLContext(seed: 1);
        var rows = Directory.EnumerateFiles(s_people.Folder, "*.jpg", SearchOption.AllDirectories)
            .Select((path, i) => new Row { ImagePath = path, Label = i == 5 ? "" : Path.GetFileName(Path.GetDirectoryName(path))! }).ToList();
        IDataView data = ml.Data.LoadFromEnumerable(rows);
        IDataView images = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Transform(data);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(images)).Message, "row 5");
    }

    [TestMethod]
    public void Fit_GpuAskedForAndAbsent_FailsUnlessTheCpuMayTakeItsPlace()
    {
        if (torch.cuda.is_available())
        {
            return;
        }

        var ml = new MLContext(seed: 1) { GpuDeviceId = 0, FallbackToCpu = false };
        StringAssert.Contains(Assert.Throws<InvalidOperationException>(() => ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(Images(ml))).Message, "FallbackToCpu");
        ml.FallbackToCpu = true;
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(Images(ml));
        Assert.AreEqual(16, model.EmbeddingSize);
    }

    [TestMethod]
    public void Fit_CancelledWhileTraining_StopsWithinABatch()
    {
        var ml = new MLContext(seed: 1);
        using var cancellation = new CancellationTokenSource();
        int lastStep = 0;
        Assert.Throws<OperationCanceledException>(() => ml.FaceRecognition().Trainers.ArcFace(Quick with
        {
            Epochs = 1000,
            CancellationToken = cancellation.Token,
            Progress = progress => { lastStep = progress.Step; cancellation.Cancel(); },
        }).Fit(Images(ml)));
        Assert.IsLessThanOrEqualTo(8, lastStep);
    }

    [TestMethod]
    public void Fit_TorchGenerator_IsAsItWasBefore()
    {
        var ml = new MLContext(seed: 1);
        torch.manual_seed(77);
        float expected = torch.rand(1).item<float>();
        torch.manual_seed(77);
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(Images(ml));
        Assert.AreEqual(expected, torch.rand(1).item<float>());
    }

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }

    private static IDataView Images(MLContext ml, string? folder = null)
    {
        IDataView rows = ml.FaceRecognition().LoadFromFolder(folder ?? s_people.Folder);
        return ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows);
    }
}
