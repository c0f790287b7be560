using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using Microsoft.ML.SearchSpace;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Experiments;

/// <summary>Experiments that train, on a few drawn people for an epoch or two.</summary>
[TestClass]
public sealed class FaceExperimentTests
{
    private static readonly FaceExperimentSettings Quick = new() { MaxTrials = 2, MinEpochs = 1, MaxEpochs = 2, ReductionFactor = 2, ValidationFraction = 0.25, FalseAcceptRate = 0.1 };

    private static DrawnPeople _people = null!;

    private sealed class Margins
    {
        [Range(0.1, 0.6)]
        public double Margin { get; set; } = 0.5;

        public ArcFaceTrainer.Options ToOptions() => Small with { Loss = new ArcFaceLoss(Margin) };
    }

    private sealed class Batches
    {
        [Choice(8, 4096)]
        public int BatchSize { get; set; } = 8;
    }

    private static ArcFaceTrainer.Options Small => new() { EmbeddingSize = 32, BatchSize = 8, WeightAveragingDecay = 0 };

    [ClassInitialize]
    public static void DrawPeople(TestContext context) => _people = new DrawnPeople(people: 8, picturesPerPerson: 3);

    [ClassCleanup]
    public static void RemovePeople() => _people.Dispose();

    [TestMethod]
    public void Execute_RunAgain_GivesTheSameAndLeavesNoTensorAlive()
    {
        using var folder = new TemporaryFolder();
        var ml = new MLContext(seed: 3);
        IDataView data = ml.FaceRecognition().LoadFromFolder(_people.Folder);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var alive = new List<long>();
        FaceExperimentSettings settings = Quick with
        {
            CacheDirectory = folder.FullName, Monitor = new NotingMonitor { OnCompleted = _ => alive.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount - before) },
        };

        FaceExperimentResult first = Execute(ml, settings, data);
        CollectionAssert.AreEqual(new[] { "0@1", "1@1" }, first.RunDetails.Take(2).Select(run => FakeTrainer.NameOf(run.Trial)).ToArray());
        FaceTrialResult survivor = first.RunDetails.Take(2).MaxBy(run => run.Score)!;
        Assert.AreEqual((survivor.Trial.Number, 2), (first.RunDetails[2].Trial.Number, first.RunDetails[2].Trial.Epochs));
        Assert.IsTrue(alive.TrueForAll(tensors => tensors == 0), $"A model in use on the processor holds no tensors of libtorch: {string.Join(' ', alive)}.");

        // Two of eight people with three pictures each are not trained on.
        FaceRun best = first.BestRun;
        Assert.AreEqual((6, 9), (best.Metrics.GenuinePairCount, best.Metrics.ImpostorPairCount));
        Assert.AreEqual(best.Metrics.AreaUnderRocCurve, best.Result.Score);
        float[][] embeddings = [.. best.Model.Transform(data).GetColumn<float[]>("Embedding")];
        Assert.AreEqual(24, embeddings.Length, "The model takes paths: the pre-featurizer is part of it.");
        Assert.AreEqual(32, embeddings[0].Length);
        first.Dispose();
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        using FaceExperimentResult cached = Execute(ml, settings, data);
        Assert.IsTrue(cached.RunDetails.All(run => run.IsFromCache));
        CollectionAssert.AreEqual(first.RunDetails.Select(run => run.Metrics).ToArray(), cached.RunDetails.Select(run => run.Metrics).ToArray());
        Assert.IsEmpty(Directory.GetDirectories(Path.Combine(folder.FullName, "checkpoints")));
        float[][] same = [.. cached.BestRun.Model.Transform(data).GetColumn<float[]>("Embedding")];
        Assert.IsTrue(embeddings.Zip(same).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)));

        using FaceExperimentResult anew = Execute(new MLContext(seed: 3), Quick with { MaxTrials = 1, MaxEpochs = 1 }, data);
        Assert.AreEqual((first.RunDetails[0].Metrics, false), (anew.RunDetails.Single().Metrics, anew.RunDetails[0].IsFromCache));
    }

    [TestMethod]
    public void Fit_StoppedAfterAnEpochAndGoneOn_IsTheRunThatWasNotStopped()
    {
        using var folder = new TemporaryFolder();
        var ml = new MLContext(seed: 3);
        IDataView images = _people.Images(ml);
        float[][] Embeddings(ArcFaceTrainer.Options options)
        {
            using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(options).Fit(images);
            return [.. model.Transform(images).GetColumn<float[]>("Embedding")];
        }

        ArcFaceTrainer.Options options = Small with { Epochs = 2 }, continued = options with { CheckpointDirectory = folder.FullName };
        float[][] stopped = Embeddings(continued with { StopAfterEpoch = 1 }), goneOn = Embeddings(continued), whole = Embeddings(options);
        Assert.IsTrue(whole.Zip(goneOn).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)));
        Assert.IsFalse(whole.Zip(stopped).Any(pair => pair.First.AsSpan().SequenceEqual(pair.Second)));
    }

    [TestMethod]
    public void Execute_PhotographsChangedUnderTheirNames_RefusesTheCache()
    {
        using var people = new DrawnPeople(people: 8, picturesPerPerson: 3);
        using var folder = new TemporaryFolder();
        var ml = new MLContext(seed: 3);
        FaceExperimentSettings settings = Quick with { MaxTrials = 1, MaxEpochs = 1, CacheDirectory = folder.FullName };
        Execute(ml, settings, ml.FaceRecognition().LoadFromFolder(people.Folder)).Dispose();

        string[] pictures = [.. Directory.EnumerateFiles(people.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        File.Copy(pictures[0], pictures[1], overwrite: true);
        TestContains<InvalidOperationException>("CacheDirectory", () => Execute(ml, settings, ml.FaceRecognition().LoadFromFolder(people.Folder)).Dispose());
    }

    [TestMethod]
    public void Execute_OwnValidationSetOfATrialChanged_RefusesTheCache()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 2, seed: 9);
        using var folder = new TemporaryFolder();
        var ml = new MLContext(seed: 3);
        IDataView data = ml.FaceRecognition().LoadFromFolder(_people.Folder);
        void Run() => ml.FaceRecognition().CreateExperiment<Margins>(Quick with { MaxTrials = 1, MaxEpochs = 1, CacheDirectory = folder.FullName }, space => space.ToOptions() with { ValidationSet = people.Images(ml) })
            .Execute(data, preFeaturizer: ml.Transforms.LoadFaceImages("Image", "ImagePath")).Dispose();
        Run();
        Run();

        string[] pictures = [.. Directory.EnumerateFiles(people.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        File.Copy(pictures[0], pictures[1], overwrite: true);
        TestContains<InvalidOperationException>("CacheDirectory", Run);
    }

    [TestMethod]
    public void Execute_BatchLargerThanTheSet_FailsThatTrialAlone()
    {
        var ml = new MLContext(seed: 3);
        var monitor = new NotingMonitor();
        IDataView data = ml.FaceRecognition().LoadFromFolder(_people.Folder);
        FaceExperiment experiment = ml.FaceRecognition().CreateExperiment<Batches>(Quick with { MaxEpochs = 1, Monitor = monitor }, space => Small with { BatchSize = space.BatchSize });
        CollectionAssert.AreEqual(new object[] { 8, 4096 }, experiment.Trials.Select(trial => trial.Parameters["BatchSize"]).ToArray());

        using FaceExperimentResult result = experiment.Execute(data, preFeaturizer: ml.Transforms.LoadFaceImages("Image", "ImagePath"));
        Assert.AreEqual(8, result.BestRun.Options.BatchSize);
        StringAssert.Contains(result.Failures.Single().Message, "only 18 photographs");
        Assert.IsTrue(monitor.Lines.Any(line => line.StartsWith("failed 1@1: BatchSize is 4096", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Execute_DataThatCannotJudge_SaysSoBeforeATrial()
    {
        var ml = new MLContext(seed: 3);
        IDataView data = ml.FaceRecognition().LoadFromFolder(_people.Folder);
        var monitor = new NotingMonitor();
        FaceExperimentSettings settings = Quick with { Monitor = monitor };
        TestContains<InvalidOperationException>("8 people are in both sets", () => Execute(ml, settings, data, data));
        TestContains<InvalidOperationException>("9 pairs of different people cannot measure", () => Execute(ml, settings with { OptimizingMetric = FaceExperimentMetric.TrueAcceptRate, FalseAcceptRate = 0.01 }, data));
        TestContains<InvalidOperationException>("ValidationFraction", () => Execute(ml, settings with { ValidationFraction = 0.01 }, data));
        TestContains<ArgumentOutOfRangeException>("Image", () => ml.FaceRecognition().CreateExperiment<Margins>(settings, space => space.ToOptions()).Execute(data));
        Assert.ThrowsExactly<OperationCanceledException>(() => Execute(ml, settings with { CancellationToken = new CancellationToken(canceled: true) }, data));
        Assert.IsEmpty(monitor.Lines);
    }

    [TestMethod]
    public void CreateExperiment_WrongSettings_ListsAllOfThem()
    {
        var faces = new MLContext().FaceRecognition();
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => faces.CreateExperiment(new FaceExperimentSettings
        {
            MaxTrials = 0, MaxTime = TimeSpan.Zero, MaxEpochs = 0, MinEpochs = 5, ReductionFactor = 0, OptimizingMetric = (FaceExperimentMetric)9,
            FalseAcceptRate = double.NaN, ValidationFraction = 1, CacheDirectory = " ", Trainer = null!,
        })).Message;
        foreach (string option in (string[])["MaxTrials is 0", "MaxTime is 00:00:00", "MaxEpochs is 0", "MinEpochs is 5", "ReductionFactor is 0", "OptimizingMetric is 9", "FalseAcceptRate is NaN", "ValidationFraction is 1", "CacheDirectory is empty", "Trainer is null"])
        {
            StringAssert.Contains(message, option);
        }

        TestContains<ArgumentOutOfRangeException>("trial 0, 1 epoch: Margin=0.5: Momentum is 2", () => faces.CreateExperiment<Margins>(Quick, space => space.ToOptions() with { Momentum = 2 }));
        TestContains<ArgumentOutOfRangeException>("ContinueTrials is true", () => faces.CreateExperiment(new FaceExperimentSettings { ContinueTrials = true }));
        TestContains<ArgumentOutOfRangeException>("MaxEpochs", () => faces.CreateExperiment<Margins>(Quick, space => space.ToOptions() with { Epochs = 3 }));
        TestContains<ArgumentOutOfRangeException>("options are null", () => faces.CreateExperiment<Margins>(Quick, _ => null!));
    }

    [TestMethod]
    public void CreateExperiment_OwnSpace_FirstTrialIsTheTrainersDefaultAndAllAreValid()
    {
        FaceExperiment experiment = new MLContext(seed: 1).FaceRecognition().CreateExperiment(new FaceExperimentSettings { MaxTrials = 200, Trainer = new ArcFaceTrainer.Options { EmbeddingSize = 64 } });
        Assert.HasCount(200, experiment.Trials);
        ArcFaceTrainer.Options first = experiment.Trials[0].Options;
        Assert.AreEqual(new ArcFaceTrainer.Options { EmbeddingSize = 64, Epochs = 3, Seed = 1, Optimizer = TrainingOptimizer.AdamW, LearningRate = 1e-3 }, first);
        CollectionAssert.AreEquivalent(
            new[] { typeof(ArcFaceLoss), typeof(CosFaceLoss), typeof(AdaFaceLoss), typeof(CurricularFaceLoss), typeof(NormSoftmaxLoss) },
            experiment.Trials.Select(trial => trial.Options.Loss.GetType()).Distinct().ToArray());
        Assert.IsTrue(experiment.Trials.Skip(1).All(trial => trial.Options is { EmbeddingSize: 64, Loss.Scale: >= 16 and <= 64, LearningRate: >= 2e-4 and <= 5e-3 }));
        CollectionAssert.AreEqual(new[] { "Loss", "Margin", "Scale", "Backbone", "LearningRate", "BatchSize" }, experiment.Trials[0].Parameters.Keys.ToArray());
        Assert.AreEqual("trial 0, 3 epochs: Loss=ArcFace, Margin=0.5, Scale=auto, Backbone=MobileFaceNet, LearningRate=0.001, BatchSize=auto", experiment.Trials[0].ToString());
    }

    private static FaceExperimentResult Execute(MLContext ml, FaceExperimentSettings settings, IDataView data, IDataView? validation = null) =>
        ml.FaceRecognition().CreateExperiment<Margins>(settings, space => space.ToOptions()).Execute(data, validation, ml.Transforms.LoadFaceImages("Image", "ImagePath"));

    private static void TestContains<TException>(string part, Action action) where TException : Exception =>
        StringAssert.Contains(Assert.Throws<TException>(action).Message, part);
}
