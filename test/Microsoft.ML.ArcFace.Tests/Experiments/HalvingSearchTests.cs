using Microsoft.Extensions.Time.Testing;
using Microsoft.ML.ArcFace.Experiments;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Tests.Experiments;

/// <summary>The order of trials, with a trainer that trains nothing.</summary>
[TestClass]
public class HalvingSearchTests
{
    // 9@1 3@3 1@9.
    internal static readonly FaceExperimentSettings Settings = new() { MaxTrials = 9, MinEpochs = 1, MaxEpochs = 9, ReductionFactor = 3 };

    private static readonly string[] FirstRung = ["0@1", "1@1", "2@1", "3@1", "4@1", "5@1", "6@1", "7@1", "8@1"];

    internal static FaceExperimentResult Run(FaceExperimentSettings settings, FakeTrainer trainer, TimeProvider? clock = null, string data = "photographs")
    {
        FaceTrial[] trials = [.. Enumerable.Range(0, settings.MaxTrials).Select(number =>
            new FaceTrial(number, 0, 1, new Dictionary<string, object?> { ["Margin"] = number / 10.0 }, new ArcFaceTrainer.Options { Loss = new ArcFaceLoss(number / 10.0), Seed = 1 }))];
        using IChannel channel = ((IHostEnvironment)new MLContext()).Start("test");
        using var search = new HalvingSearch(settings, trials, trainer, _ => data, channel, clock ?? TimeProvider.System);
        return search.Run();
    }

    [TestMethod]
    public void Run_ScoresByHand_BestThirdGoesOnBestFirst()
    {
        // 4, 7 and 2 lead after an epoch; of these 2 leads after three.
        double[] afterOne = [0.50, 0.51, 0.58, 0.52, 0.60, 0.53, 0.54, 0.59, 0.55];
        var trainer = new FakeTrainer(trial => trial.Epochs switch { 1 => afterOne[trial.Number], 3 => trial.Number == 2 ? 0.8 : 0.7, _ => 0.9 });
        var monitor = new NotingMonitor();
        using FaceExperimentResult result = Run(Settings with { Monitor = monitor }, trainer);

        CollectionAssert.AreEqual((string[])[.. FirstRung, "4@3", "7@3", "2@3", "2@9"], trainer.Trained);
        CollectionAssert.AreEqual(new[] { 0, 1, 2 }, result.RunDetails.Select(run => run.Trial.Rung).Distinct().ToArray());
        Assert.IsTrue(result.RunDetails.All(run => run.Trial.Options.Epochs == run.Trial.Epochs));
        Assert.AreEqual("2@9", FakeTrainer.NameOf(result.BestRun.Result.Trial));
        Assert.AreEqual(0.2, ((ArcFaceLoss)result.BestRun.Options.Loss).MarginRadians);
        Assert.IsTrue(result.IsFinished);
        Assert.IsTrue(trainer.CheckpointDirectories.TrueForAll(directory => directory is null), "There is no cache directory.");
        CollectionAssert.AreEqual(
            new[] { "best 0@1", "best 1@1", "best 2@1", "best 4@1", "best 4@3", "best 2@3", "best 2@9" }, monitor.Lines.Where(line => line.StartsWith("best", StringComparison.Ordinal)).ToArray());
        CollectionAssert.AreEqual(new[] { "running 0@1", "completed 0@1", "best 0@1", "running 1@1" }, monitor.Lines[..4]);
    }

    [TestMethod]
    public void Run_EqualScores_LowerNumberGoesOnAndLongerTrainingIsBest()
    {
        var trainer = new FakeTrainer(_ => 0.5);
        using FaceExperimentResult result = Run(Settings, trainer);
        CollectionAssert.AreEqual((string[])[.. FirstRung, "0@3", "1@3", "2@3", "0@9"], trainer.Trained);
        Assert.AreEqual("0@9", FakeTrainer.NameOf(result.BestRun.Result.Trial));
    }

    [TestMethod]
    public void Run_LongerTrainingIsWorse_BestIsOfTheEarlierRung()
    {
        var trainer = new FakeTrainer(trial => (trial.Number == 5 ? 0.9 : 0.6) - (trial.Epochs / 100.0));
        using FaceExperimentResult result = Run(Settings, trainer);
        Assert.AreEqual("5@1", FakeTrainer.NameOf(result.BestRun.Result.Trial));
        Assert.AreEqual("5@1", ((FakeModel)result.BestRun.Model).Name);
    }

    [TestMethod]
    public void Run_TrueAcceptRate_RanksByIt()
    {
        // The fake's true-accept rate is one minus its area.
        using FaceExperimentResult result = Run(Settings with { OptimizingMetric = FaceExperimentMetric.TrueAcceptRate }, new FakeTrainer(trial => trial.Number / 10.0));
        Assert.AreEqual((0, 1.0), (result.BestRun.Result.Trial.Number, result.BestRun.Result.Score));
    }

    [TestMethod]
    public void Run_ManyTrials_FreesAllModelsButTheBest()
    {
        var trainer = new FakeTrainer(trial => (trial.Number * 7 % 9 / 100.0) + (trial.Epochs / 20.0));
        FaceExperimentResult result = Run(Settings, trainer);
        Assert.AreEqual(2, trainer.MostAlive);
        Assert.AreSame(result.BestRun.Model, trainer.Models.Single(model => !model.IsDisposed));
        result.Dispose();
        Assert.IsTrue(trainer.Models.All(model => model.IsDisposed));
    }

    [TestMethod]
    public void Run_SomeTrialsFail_ReportsThemAndGoesOn()
    {
        var monitor = new NotingMonitor();
        var trainer = new FakeTrainer(trial => trial.Number / 10.0) { WhileTraining = (trial, _) => FailIf(trial.Number is 8 or 3 || FakeTrainer.NameOf(trial) == "7@3", trial) };
        using FaceExperimentResult result = Run(Settings with { Monitor = monitor }, trainer);

        CollectionAssert.AreEqual((string[])[.. FirstRung, "7@3", "6@3", "5@3", "6@9"], trainer.Trained);
        CollectionAssert.AreEqual(new[] { "3@1", "8@1", "7@3" }, result.Failures.Select(failure => FakeTrainer.NameOf(failure.Trial)).ToArray());
        Assert.AreEqual("trial 8 diverged", result.Failures[1].Message);
        Assert.Contains("failed 7@3: trial 7 diverged", monitor.Lines);
        Assert.IsTrue(result.IsFinished);
    }

    [TestMethod]
    public void Run_AllTrialsFail_ThrowsWithTheReason()
    {
        var trainer = new FakeTrainer(_ => 0) { WhileTraining = (trial, _) => FailIf(true, trial) };
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Run(Settings, trainer));
        StringAssert.Contains(error.Message, "All 9 trials failed; the last one: trial 8 diverged");
        Assert.IsInstanceOfType<TrainingDivergedException>(error.InnerException);
    }

    [TestMethod]
    public void Run_UnreadablePhotograph_EndsTheExperimentAndFreesTheBest()
    {
        var trainer = new FakeTrainer(_ => 0.5) { WhileTraining = (trial, _) => { if (trial.Number == 2) { throw new FaceImageException("'a.jpg'", "it is empty", "Remove it."); } } };
        Assert.ThrowsExactly<FaceImageException>(() => Run(Settings, trainer));
        Assert.IsTrue(trainer.Models.Count == 2 && trainer.Models.All(model => model.IsDisposed));
    }

    [TestMethod]
    public void Run_TimeIsUpWithinATrial_StopsItAndGivesTheBestSoFar()
    {
        var clock = new FakeTimeProvider();
        var trainer = new FakeTrainer(trial => trial.Number / 10.0) { WhileTraining = (_, stop) => Take(TimeSpan.FromMinutes(3), clock, stop) };
        using FaceExperimentResult result = Run(Settings with { MaxTime = TimeSpan.FromMinutes(10) }, trainer, clock);
        CollectionAssert.AreEqual(FirstRung[..4], trainer.Trained, "Three of three minutes fit in ten; the fourth is stopped.");
        CollectionAssert.AreEqual(FirstRung[..3], result.RunDetails.Select(run => FakeTrainer.NameOf(run.Trial)).ToArray());
        Assert.AreEqual((2, false, TimeSpan.FromMinutes(3)), (result.BestRun.Result.Trial.Number, result.IsFinished, result.RunDetails[0].Duration));
        Assert.IsEmpty(result.Failures);
    }

    [TestMethod]
    public void Run_TimeIsUpBeforeTheFirstResult_ThrowsTimeout()
    {
        var clock = new FakeTimeProvider();
        var trainer = new FakeTrainer(_ => 0.5) { WhileTraining = (_, stop) => Take(TimeSpan.FromMinutes(3), clock, stop) };
        StringAssert.Contains(Assert.ThrowsExactly<TimeoutException>(() => Run(Settings with { MaxTime = TimeSpan.FromMinutes(2) }, trainer, clock)).Message, "00:02:00");
    }

    [TestMethod]
    public void Run_Cancelled_GivesTheBestSoFarOrThrows()
    {
        using var cancellation = new CancellationTokenSource();
        FakeTrainer Trainer(int last) => new(trial => trial.Number / 10.0)
        {
            WhileTraining = (trial, stop) =>
            {
                if (trial.Number == last)
                {
                    cancellation.Cancel();
                }

                stop.ThrowIfCancellationRequested();
            },
        };
        FaceExperimentSettings settings = Settings with { CancellationToken = cancellation.Token };
        using FaceExperimentResult result = Run(settings, Trainer(last: 4));
        Assert.AreEqual((3, false), (result.BestRun.Result.Trial.Number, result.IsFinished));

        Assert.ThrowsExactly<OperationCanceledException>(() => Run(settings, Trainer(last: 0)));
    }

    private static void FailIf(bool fails, FaceTrial trial)
    {
        if (fails)
        {
            throw new TrainingDivergedException($"trial {trial.Number} diverged");
        }
    }

    private static void Take(TimeSpan time, FakeTimeProvider clock, CancellationToken stop)
    {
        clock.Advance(time);
        stop.ThrowIfCancellationRequested();
    }
}
