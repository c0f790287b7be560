using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>A run that goes on from a checkpoint comes, to the bit, to the weights of one that was never interrupted.</summary>
[TestClass]
public class ResumeTests
{
    // Epochs of 4 steps (of 2 with triplets): the checkpoint of step 3 lies within the one that crashes, that of step 6 beyond it.
    private static readonly ArcFaceTrainer.Options Quick = new() { Epochs = 2, BatchSize = 2, EmbeddingSize = 16, Seed = 3 };
    private static readonly ArcFaceTrainer.Options Sgd = Quick with { Optimizer = TrainingOptimizer.Sgd, WeightAveragingDecay = 0 };

    private static readonly Dictionary<string, ArcFaceTrainer.Options> Runs = new()
    {
        ["ArcFace, AdamW, moving average, light changes"] = Quick,
        ["Center loss, SGD: centres of its own"] = Sgd with { Loss = new CenterLoss() },
        ["AdaFace, SGD: mean and deviation of the lengths"] = Sgd with { Loss = new AdaFaceLoss(), MarginRampFraction = 0 },
        ["CurricularFace, AdamW: mean cosine"] = Quick with { Loss = new CurricularFaceLoss(), MarginRampFraction = 0 },
        ["ElasticFace, SGD: random margins; a set that is read again in each epoch"] = Sgd with { Loss = new ElasticFaceLoss(), MarginRampFraction = 0, ImageCacheBytes = 0 },
        ["Partial FC, SGD: random samples, momentum of their rows"] = Sgd with { ClassSampleRate = 0.5 },
        ["Triplets, by person"] = Quick with { Loss = new TripletLoss(), PhotographsPerPerson = 2, BatchSize = 4, Epochs = 4 },
    };

    private static DrawnPeople s_people = null!;
    private static byte[] s_quick = null!;

    public static IEnumerable<object[]> RunNames => Runs.Keys.Select(name => new object[] { name });

    [ClassInitialize]
    public static void Draw(TestContext _)
    {
        s_people = new DrawnPeople(people: 4, picturesPerPerson: 2);
        s_quick = ResumedRun.Weights(Quick, s_people);
    }

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    [DynamicData(nameof(RunNames))]
    public void Fit_CrashedWithinAnEpoch_ComesToTheWeightsOfTheWholeRun(string name)
    {
        using var folder = new TemporaryFolder();
        ArcFaceTrainer.Options options = Runs[name];
        byte[] whole = options == Quick ? s_quick : ResumedRun.Weights(options, s_people);
        var interrupted = options with { CheckpointDirectory = folder.FullName, CheckpointEverySteps = 3 };
        ResumedRun.Crash(interrupted, s_people, epochs: options.Epochs!.Value / 2);
        var steps = new List<int>();
        byte[] resumed = ResumedRun.Weights(interrupted with { Progress = progress => steps.Add(progress.Step) }, s_people);
        CollectionAssert.AreEqual(whole, resumed);
        Assert.AreEqual(8, steps[^1]);
    }

    [TestMethod]
    public void Fit_CrashedWithAValidationSet_KeepsTheBestEpochOfTheWholeRun()
    {
        // A crash before the first validation is over, and one after it, when the best weights so far are part of the checkpoint.
        using var others = new DrawnPeople(people: 2, picturesPerPerson: 2, seed: 9);
        var ml = new MLContext(seed: 1);
        ArcFaceTrainer.Options options = Quick with { ValidationSet = others.Images(ml) };
        byte[] whole = ResumedRun.Weights(options, s_people);
        foreach ((int everySteps, int epochs) in new[] { (4, 1), (6, 2) })
        {
            using var folder = new TemporaryFolder();
            var interrupted = options with { CheckpointDirectory = folder.FullName, CheckpointEverySteps = everySteps };
            ResumedRun.Crash(interrupted, s_people, epochs);
            var reports = new List<TrainingProgress>();
            CollectionAssert.AreEqual(whole, ResumedRun.Weights(interrupted with { Progress = reports.Add }, s_people), $"{everySteps} steps, {epochs} epochs");
            Assert.AreEqual(epochs, reports[0].Epoch);
            Assert.IsTrue(reports.TrueForAll(report => double.IsFinite(report.Loss) && report.EstimatedTimeRemaining >= TimeSpan.Zero), "Also where an epoch had no step left.");
        }
    }

    [TestMethod]
    public void Fit_Cancelled_WritesACheckpointAndGoesOnWithoutLoss()
    {
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        var options = Quick with { CheckpointDirectory = folder.FullName };
        var ml = new MLContext(seed: 1);

        // At the end of an epoch: on a slow machine there are reports within it.
        void Cancel(TrainingProgress progress)
        {
            if (progress.IsEpochEnd)
            {
                cancellation.Cancel();
            }
        }

        Assert.Throws<OperationCanceledException>(() => ml.FaceRecognition().Trainers
            .ArcFace(options with { CancellationToken = cancellation.Token, Progress = Cancel }).Fit(s_people.Images(ml)));
        CollectionAssert.AreEqual(new[] { "checkpoint-0000000004.safetensors" }, ResumedRun.Files(folder.FullName).Select(Path.GetFileName).ToArray());
        CollectionAssert.AreEqual(s_quick, ResumedRun.Weights(options, s_people));
    }

    [TestMethod]
    public void Fit_FinishedRun_GivesItsModelWithoutAStep()
    {
        using var folder = new TemporaryFolder();
        var options = Quick with { CheckpointDirectory = folder.FullName };
        CollectionAssert.AreEqual(s_quick, ResumedRun.Weights(options, s_people), "Checkpoints change nothing.");
        DateTime[] written = [.. ResumedRun.Files(folder.FullName).Select(File.GetLastWriteTimeUtc)];
        byte[] again = ResumedRun.Weights(options with { Progress = _ => Assert.Fail("It must not train.") }, s_people);
        CollectionAssert.AreEqual(s_quick, again);
        CollectionAssert.AreEqual(written, ResumedRun.Files(folder.FullName).Select(File.GetLastWriteTimeUtc).ToArray());
    }

    [TestMethod]
    public void Fit_NoSeedGiven_GoesOnWithThatOfTheCheckpoint()
    {
        using var folder = new TemporaryFolder();
        var options = Sgd with { Epochs = 1, Seed = null, CheckpointDirectory = folder.FullName, CheckpointEverySteps = 3 };
        ResumedRun.Crash(options, s_people, epochs: 1, new MLContext());
        int seed = ArcFace.Training.Checkpoint.Open(ResumedRun.Files(folder.FullName)[^1]).Identity.StoredSeed!.Value;
        byte[] resumed = ResumedRun.Weights(options, s_people, context: new MLContext());
        CollectionAssert.AreEqual(ResumedRun.Weights(Sgd with { Epochs = 1, Seed = seed }, s_people), resumed);
    }

    [TestMethod]
    public void Fit_CrashedInTheSecondTrainingOfSubCenters_DoesNotRepeatTheFirst()
    {
        using var folder = new TemporaryFolder();
        var ml = new MLContext(seed: 1);
        ArcFaceTrainer.Options first = Sgd with { Epochs = 1, Loss = new SubCenterArcFaceLoss() };
        double[] angles;
        using (FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(first with { CosineColumnName = "Cosine" }).Fit(s_people.Images(ml)))
        {
            IDataView scored = model.Transform(s_people.Images(ml));
            angles = [.. scored.GetColumn<string>("Label").Zip(scored.GetColumn<float[]>("Cosine"), (name, cosines) =>
                Math.Acos(cosines[model.PersonNames!.ToList().IndexOf(name)]) * 180 / Math.PI).OrderDescending()];
        }

        // Two photographs are left out of the second training, of 3 steps.
        var options = first with { Loss = new SubCenterArcFaceLoss { DropOverDegrees = (angles[1] + angles[2]) / 2 } };
        byte[] whole = ResumedRun.Weights(options, s_people);
        var interrupted = options with { CheckpointDirectory = folder.FullName, CheckpointEverySteps = 2, TensorBoardDirectory = Path.Combine(folder.FullName, "events") };
        ResumedRun.Crash(interrupted, s_people, epochs: 2);
        var progress = new List<TrainingProgress>();
        var log = new List<string>();
        CollectionAssert.AreEqual(whole, ResumedRun.Weights(interrupted with { Progress = progress.Add }, s_people, log));
        Assert.IsTrue(progress.TrueForAll(report => report is { Steps: 3, Step: 3 }), "Only the second training goes on.");
        Assert.IsTrue(log.Exists(line => line.Contains("Going on after step 2 of 3", StringComparison.Ordinal)), string.Join('\n', log));
        Assert.IsNotEmpty(Directory.GetFiles(Path.Combine(folder.FullName, "events", "second-stage")));
    }
}
