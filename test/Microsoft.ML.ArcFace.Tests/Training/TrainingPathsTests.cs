using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
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
    public void Fit_SetLargerThanTheCache_IsReadAgain()
    {
        var log = new List<string>();
        var ml = new MLContext(seed: 1);
        ml.Log += (_, line) => log.Add(line.Message);
        int lastStep = 0;
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers
            .ArcFace(Quick with { Epochs = 2, ImageCacheBytes = 0, Progress = progress => lastStep = progress.Step })
            .Fit(s_people.Images(ml));
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
            Epochs = 40, ValidationSet = others.Images(ml), EarlyStoppingPatienceEpochs = 1,
            Progress = progress => { if (progress.IsEpochEnd) { epochs.Add(progress); } },
        }).Fit(s_people.Images(ml));
        Assert.IsTrue(epochs.TrueForAll(epoch => epoch.ValidationAreaUnderRocCurve is > 0 and <= 1));
        Assert.IsLessThan(40, epochs.Count);
        double best = epochs.Take(epochs.Count - 1).Max(epoch => epoch.ValidationAreaUnderRocCurve!.Value);
        Assert.IsLessThanOrEqualTo(best, epochs[^1].ValidationAreaUnderRocCurve!.Value);

        // The model is that of the best epoch.
        IHost host = ((IHostEnvironment)ml).Register(nameof(TrainingPathsTests));
        using IChannel channel = host.Start("validation");
        TrainingValidation validation = TrainingValidation.Read(host, channel, others.Images(ml), Quick.Setup, seed: 1, WorkObserver.None);
        Assert.AreEqual(best, validation.AreaUnderRocCurve(model.Model.ToBackbone(), torch.CPU, WorkObserver.None, CancellationToken.None));
    }

    [TestMethod]
    public void Fit_LoaderOfMLNet_Trains()
    {
        var ml = new MLContext(seed: 1);
        IDataView rows = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        using var model = ml.Transforms.LoadImages("Image", imageFolder: null, inputColumnName: "ImagePath").Append(ml.FaceRecognition().Trainers.ArcFace(Quick)).Fit(rows);
        Assert.AreEqual(16, model.Transform(rows).GetColumn<float[]>("Embedding").Count());
    }

    [TestMethod]
    public void Fit_PlanarPixels_GivesTheModelOfTheImages()
    {
        var ml = new MLContext(seed: 1);
        IDataView images = s_people.Images(ml);
        IDataView resized = ml.Transforms.ResizeImages("Small", 112, 112, "Image").Fit(images).Transform(images);
        IDataView pixels = ml.Transforms.ExtractPixels("Pixels", "Small").Fit(resized).Transform(resized);
        using FaceEmbeddingTransformer ofImages = ml.FaceRecognition().Trainers.ArcFace(Quick with { ImageColumnName = "Small" }).Fit(pixels);
        using FaceEmbeddingTransformer ofPixels = ml.FaceRecognition().Trainers.ArcFace(Quick with { ImageColumnName = "Pixels" }).Fit(pixels);
        CollectionAssert.AreEqual(
            ofImages.Transform(pixels).GetColumn<float[]>("Embedding").First(), ofPixels.Transform(pixels).GetColumn<float[]>("Embedding").First());
    }

    [TestMethod]
    public void GetOutputSchema_TextAndKeyLabels_EqualsThatOfTheTransformer()
    {
        var ml = new MLContext(seed: 1);
        IDataView images = s_people.Images(ml);
        ArcFaceTrainer trainer = ml.FaceRecognition().Trainers.ArcFace(Quick with { PredictedLabelColumnName = "PredictedLabel", ScoreColumnName = "Score", CosineColumnName = "Cosine" });
        IDataView named = ml.Transforms.Conversion.MapValueToKey("Label").Fit(images).Transform(images);
        IDataView nameless = ml.Transforms.Conversion.Hash("Label", numberOfBits: 3).Fit(images).Transform(images);
        foreach (IDataView data in new[] { images, named, nameless })
        {
            using FaceEmbeddingTransformer model = trainer.Fit(data);
            string[] expected = [.. SchemaShapes.Of(model.GetOutputSchema(data.Schema)).Select(SchemaShapes.Describe).Order(StringComparer.Ordinal)];
            string[] actual = [.. trainer.GetOutputSchema(SchemaShapes.Of(data.Schema)).Select(SchemaShapes.Describe).Order(StringComparer.Ordinal)];
            CollectionAssert.AreEqual(expected, actual, $"{string.Join('\n', expected)}\n\n{string.Join('\n', actual)}");
            Assert.AreEqual(data == nameless, model.PersonNames is null);
        }
    }

    [TestMethod]
    public void Fit_CancelledOrDiverged_LeavesNoTensorAlive()
    {
        var ml = new MLContext(seed: 1);
        IDataView images = s_people.Images(ml);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using var cancellation = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => ml.FaceRecognition().Trainers.ArcFace(
            Quick with { Epochs = 9, CancellationToken = cancellation.Token, Progress = _ => cancellation.Cancel() }).Fit(images));
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Throws<TrainingDivergedException>(() => ml.FaceRecognition().Trainers.ArcFace(
            Quick with { Epochs = 40, LearningRate = 1e30, GradientClippingNorm = double.PositiveInfinity }).Fit(images));
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Fit_OtherSeed_GivesAnotherModel()
    {
        var ml = new MLContext(seed: 1);
        using FaceEmbeddingTransformer three = ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(s_people.Images(ml));
        using FaceEmbeddingTransformer four = ml.FaceRecognition().Trainers.ArcFace(Quick with { Seed = 4 }).Fit(s_people.Images(ml));
        CollectionAssert.AreNotEqual(
            three.Transform(s_people.Images(ml)).GetColumn<float[]>("Embedding").First(), four.Transform(s_people.Images(ml)).GetColumn<float[]>("Embedding").First());
    }

    [TestMethod]
    [DataRow(TrainingOptimizer.Sgd)]
    [DataRow(TrainingOptimizer.AdamW)]
    public void Fit_WeightDecayAndMomentum_ShrinkTheConvolutionsAsTheFormulaSays(TrainingOptimizer optimizer)
    {
        const double Rate = 0.1, WeightDecay = 0.5, Momentum = 0.9;
        const int Steps = 4;

        // A gradient of no length: what is left is the decay. SGD: v ← μv + λw, w ← w − ηv. AdamW: w ← w − ηλw.
        double velocity = 0, share = 1;
        for (int step = 0; step < Steps; step++)
        {
            velocity = optimizer == TrainingOptimizer.Sgd ? (Momentum * velocity) + (WeightDecay * share) : WeightDecay * share;
            share -= Rate * velocity;
        }

        ArcFaceTrainer.Options still = Quick with
        {
            Optimizer = optimizer, GradientClippingNorm = 1e-20, Momentum = Momentum, WeightDecay = WeightDecay, LearningRate = Rate,
            Decay = LearningRateDecay.Constant, WarmUpFraction = 0, WeightAveragingDecay = 0,
        };
        var ml = new MLContext(seed: 1);
        using FaceEmbeddingTransformer decayed = ml.FaceRecognition().Trainers.ArcFace(still).Fit(s_people.Images(ml));
        using FaceEmbeddingTransformer untouched = ml.FaceRecognition().Trainers.ArcFace(still with { LearningRate = 1e-30 }).Fit(s_people.Images(ml));
        using var scope = torch.NewDisposeScope();
        FaceBackbone decayedBackbone = decayed.Model.ToBackbone();
        foreach ((string name, var weight) in untouched.Model.ToBackbone().named_parameters().Where(parameter => parameter.parameter.dim() == 4))
        {
            torch.Tensor actual = decayedBackbone.get_parameter(name)!;
            Assert.IsLessThan(1e-5, ((actual - (share * weight)).norm() / weight.norm()).item<float>(), name);
        }
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
        }).Fit(s_people.Images(ml));
        Assert.IsLessThan(first, last);
    }

    [TestMethod]
    public void Fit_KeyLabel_PredictedLabelHasItsNamesAndEvaluates()
    {
        var ml = new MLContext(seed: 1);
        IDataView keyed = ml.Transforms.Conversion.MapValueToKey("Label").Fit(s_people.Images(ml)).Transform(s_people.Images(ml));
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
    public void Fit_GpuAskedForAndAbsent_FailsUnlessTheCpuMayTakeItsPlace()
    {
        if (torch.cuda.is_available())
        {
            Assert.Inconclusive("This machine has the GPU that the test must not find.");
        }

        var ml = new MLContext(seed: 1) { GpuDeviceId = 0, FallbackToCpu = false };
        StringAssert.Contains(Assert.Throws<InvalidOperationException>(() => ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(s_people.Images(ml))).Message, "FallbackToCpu");
        ml.FallbackToCpu = true;
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(s_people.Images(ml));
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
        }).Fit(s_people.Images(ml)));
        Assert.IsLessThanOrEqualTo(8, lastStep);
    }

    [TestMethod]
    public void Fit_TorchGenerator_IsAsItWasBefore()
    {
        var ml = new MLContext(seed: 1);
        torch.manual_seed(77);
        float expected = torch.rand(1).item<float>();
        torch.manual_seed(77);
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(s_people.Images(ml));
        Assert.AreEqual(expected, torch.rand(1).item<float>());
    }
}
