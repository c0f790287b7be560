using Microsoft.ML.ArcFace.Experiments;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Tests.Experiments;

/// <summary>An experiment that is interrupted and run again over its cache directory.</summary>
[TestClass]
public sealed class TrialStoreTests : IDisposable
{
    private static readonly string[] Whole = ["0@1", "1@1", "2@1", "3@1", "4@1", "5@1", "6@1", "7@1", "8@1", "4@3", "7@3", "2@3", "4@9"];

    private readonly TemporaryFolder _folder = new();

    private FaceExperimentSettings Settings => HalvingSearchTests.Settings with { CacheDirectory = _folder.FullName };

    private string[] Files => [.. Directory.EnumerateFiles(_folder.FullName).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public void Dispose() => _folder.Dispose();

    private static FakeTrainer Trainer() => new(trial => trial.Number switch { 4 => 0.60, 7 => 0.59, 2 => 0.58, _ => 0.5 } + (trial.Epochs / 100.0));

    [TestMethod]
    public void Run_DiesAfterAnyRun_GoesOnWithTheNextToTheSameEnd()
    {
        for (int died = 1; died < Whole.Length; died++)
        {
            using var folder = new TemporaryFolder();
            FaceExperimentSettings settings = Settings with { CacheDirectory = folder.FullName };
            int runs = 0;
            FakeTrainer before = Trainer(), after = Trainer();
            Assert.ThrowsExactly<InvalidDataException>(() => HalvingSearchTests.Run(
                settings with { Monitor = new NotingMonitor { OnCompleted = _ => { if (++runs == died) { throw new InvalidDataException(); } } } }, before));
            Assert.IsTrue(before.Models.All(model => model.IsDisposed));

            using FaceExperimentResult result = HalvingSearchTests.Run(settings, after);
            CollectionAssert.AreEqual(Whole, before.Trained.Concat(after.Trained).ToArray());
            CollectionAssert.AreEqual(Whole, result.RunDetails.Select(run => FakeTrainer.NameOf(run.Trial)).ToArray());
            Assert.AreEqual(died, result.RunDetails.Count(run => run.IsFromCache));
            Assert.AreEqual("4@9", ((FakeModel)result.BestRun.Model).Name);
        }
    }

    [TestMethod]
    public void Run_Finished_KeepsAFileForEachRunAndTheBestModelAlone()
    {
        HalvingSearchTests.Run(Settings, Trainer()).Dispose();
        CollectionAssert.AreEqual(
            ((string[])["experiment.lock", "trial-0004-epochs-9.zip", .. Whole.Select(name => $"trial-000{name.Replace("@", "-epochs-")}.json")]).Order(StringComparer.Ordinal).ToArray(), Files);

        FakeTrainer again = Trainer();
        var monitor = new NotingMonitor();
        using FaceExperimentResult result = HalvingSearchTests.Run(Settings with { Monitor = monitor }, again);
        Assert.IsEmpty(again.Trained);
        Assert.AreEqual("4@9", ((FakeModel)result.BestRun.Model).Name);
        Assert.AreEqual(0.69, result.BestRun.Metrics.AreaUnderRocCurve, 1e-15);
        Assert.Contains("completed 4@9 from cache", monitor.Lines);
        Assert.IsFalse(monitor.Lines.Any(line => line.StartsWith("running", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Run_ContinueTrials_SurvivorsKeepTheirCheckpointsUntilTheyDropOut()
    {
        var kept = new List<string>();
        FaceExperimentSettings settings = Settings with { ContinueTrials = true, Monitor = new NotingMonitor { OnCompleted = _ => kept.Add(string.Join(' ', Checkpoints())) } };
        FakeTrainer trainer = Trainer();
        using FaceExperimentResult result = HalvingSearchTests.Run(settings, trainer);

        Assert.HasCount(9, trainer.CheckpointDirectories.Distinct().ToArray());
        CollectionAssert.AreEqual(
            new[] { "4", "7", "2", "4" }.Select(number => trainer.CheckpointDirectories[int.Parse(number, System.Globalization.CultureInfo.InvariantCulture)]).ToArray(), trainer.CheckpointDirectories[9..]);
        Assert.AreEqual("0000 0001 0002 0003 0004 0005 0006 0007 0008", kept[8]);
        Assert.AreEqual("0002 0004 0007", kept[9]);
        Assert.AreEqual("0004", kept[12]);
        Assert.IsEmpty(Checkpoints());
        Assert.IsTrue(result.RunDetails.All(run => run.Trial.Options.Epochs == 9 && run.Trial.Options.StopAfterEpoch == run.Trial.Epochs));
    }

    [TestMethod]
    public void Run_StoppedWithinATrial_LeavesItsCheckpointsAlone()
    {
        using var cancellation = new CancellationTokenSource();
        FakeTrainer stopped = new(trial => trial.Number / 10.0)
        {
            WhileTraining = (trial, stop) =>
            {
                if (trial.Number == 3)
                {
                    cancellation.Cancel();
                    stop.ThrowIfCancellationRequested();
                }
            },
        };
        HalvingSearchTests.Run(Settings with { CancellationToken = cancellation.Token }, stopped).Dispose();
        CollectionAssert.AreEqual(new[] { "0003" }, Checkpoints());

        FakeTrainer again = new(trial => trial.Number / 10.0);
        HalvingSearchTests.Run(Settings, again).Dispose();
        Assert.AreEqual(("3@1", stopped.CheckpointDirectories[3]), (again.Trained[0], again.CheckpointDirectories[0]));
        Assert.HasCount(again.Trained.Count, again.CheckpointDirectories.Distinct().ToArray(), "Each rung trains anew.");
        Assert.IsEmpty(Checkpoints());
    }

    /// <summary>The numbers of the trials that have checkpoints.</summary>
    private string[] Checkpoints() =>
        [.. Directory.GetDirectories(Path.Combine(_folder.FullName, "checkpoints")).Select(path => Path.GetFileName(path).Split('-')[1]).Order(StringComparer.Ordinal)];

    [TestMethod]
    public void Run_BestModelIsGone_TrainsThatTrialAgain()
    {
        HalvingSearchTests.Run(Settings, Trainer()).Dispose();
        File.Delete(Path.Combine(_folder.FullName, "trial-0004-epochs-9.zip"));
        FakeTrainer again = Trainer();
        using FaceExperimentResult result = HalvingSearchTests.Run(Settings, again);
        CollectionAssert.AreEqual(new[] { "4@9" }, again.Trained);
        Assert.Contains("trial-0004-epochs-9.zip", Files);
    }

    [TestMethod]
    public void Run_MoreTrials_TakesWhatIsThere()
    {
        HalvingSearchTests.Run(Settings, Trainer()).Dispose();
        FakeTrainer more = Trainer();
        using FaceExperimentResult result = HalvingSearchTests.Run(Settings with { MaxTrials = 11 }, more);
        CollectionAssert.AreEqual(new[] { "9@1", "10@1" }, more.Trained);
    }

    [TestMethod]
    public void Run_FailureInTheCache_IsReportedAndNotTriedAgain()
    {
        FakeTrainer failing = new(_ => 0.5) { WhileTraining = (trial, _) => { if (trial.Number == 1) { throw new TrainingDivergedException("diverged"); } } };
        HalvingSearchTests.Run(Settings, failing).Dispose();
        var monitor = new NotingMonitor();
        FakeTrainer again = new(_ => 0.5);
        using FaceExperimentResult result = HalvingSearchTests.Run(Settings with { Monitor = monitor }, again);
        Assert.IsEmpty(again.Trained);
        Assert.AreEqual("diverged", result.Failures.Single().Message);
        Assert.Contains("failed 1@1: in cache", monitor.Lines);
    }

    [TestMethod]
    public void Run_OtherPhotographsOrOptions_RefusesTheCache()
    {
        HalvingSearchTests.Run(Settings, Trainer()).Dispose();
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => HalvingSearchTests.Run(Settings, Trainer(), data: "others")).Message, "CacheDirectory");

        string[] keys = [.. new ArcFaceTrainer.Options[] { new(), new() { Seed = 2 }, new() { Loss = new CosFaceLoss() }, new() { Epochs = 3 }, new() { Loss = new ArcFaceLoss { Scale = 30 } }, new() { AddMirrorImage = true }, new() { EarlyStoppingPatienceEpochs = 2 }, new() { ImageColumnName = "Cropped" } }.Select(options => TrialKey.Of(options, ""))];
        Assert.HasCount(8, keys.Distinct().ToArray());
        Assert.AreEqual(keys[0], TrialKey.Of(new ArcFaceTrainer.Options { Progress = _ => { }, TensorBoardDirectory = "events", CheckpointsKept = 1, ImageCacheBytes = 1 }, ""));
    }

    [TestMethod]
    public void TrialKey_EveryOptionOfTheSetup_CountsOrIsKnownNotTo()
    {
        // What is hashed with the data, and what changes nothing of a result.
        string[] doNotCount =
        [
            nameof(TrainingSetup.LabelColumnName), nameof(TrainingSetup.ValidationSet), nameof(TrainingSetup.StopAfterEpoch), nameof(TrainingSetup.ImageCacheBytes), nameof(TrainingSetup.EmbeddingColumnName),
            nameof(TrainingSetup.PredictedLabelColumnName), nameof(TrainingSetup.ScoreColumnName), nameof(TrainingSetup.CosineColumnName), nameof(TrainingSetup.QualityColumnName),
            nameof(TrainingSetup.InferenceBatchSize), nameof(TrainingSetup.CheckpointDirectory), nameof(TrainingSetup.CheckpointEverySteps), nameof(TrainingSetup.CheckpointsKept), nameof(TrainingSetup.Resume),
            nameof(TrainingSetup.TensorBoardDirectory), nameof(TrainingSetup.Progress), nameof(TrainingSetup.CancellationToken),
        ];
        CollectionAssert.AreEquivalent(typeof(TrainingSetup).GetProperties().Select(option => option.Name).ToArray(), TrialKey.ResultOptions.Concat(doNotCount).ToArray());
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("{")]
    [DataRow("null")]
    [DataRow("{}")]
    [DataRow("[1]")]
    public void Run_DamagedFile_NamesIt(string text)
    {
        HalvingSearchTests.Run(Settings, Trainer()).Dispose();
        File.WriteAllText(Path.Combine(_folder.FullName, "trial-0003-epochs-1.json"), text);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => HalvingSearchTests.Run(Settings, Trainer())).Message, "trial-0003-epochs-1.json");
    }

    [TestMethod]
    public void Run_DirectoryInUseOrNoDirectory_SaysSo()
    {
        using (TrialStore.Open(_folder.FullName))
        {
            StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => HalvingSearchTests.Run(Settings, Trainer())).Message, "no other experiment");
        }

        string file = _folder.Write("file", []);
        Assert.ThrowsExactly<IOException>(() => HalvingSearchTests.Run(Settings with { CacheDirectory = file }, Trainer()));
    }
}
