using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>Which checkpoints are kept, which are used, and which are refused.</summary>
[TestClass]
public class CheckpointFolderTests
{
    private static readonly TemporaryFolder Folder = new();
    private static readonly ArcFaceTrainer.Options Run = new()
    {
        Epochs = 2, BatchSize = 2, EmbeddingSize = 16, Seed = 3, WeightAveragingDecay = 0, CheckpointDirectory = Path.Combine(Folder.FullName, "run"), CheckpointEverySteps = 3,
    };

    private static DrawnPeople s_people = null!;
    private static byte[] s_weights = null!;

    [ClassInitialize]
    public static void Train(TestContext _)
    {
        s_people = new DrawnPeople(people: 4, picturesPerPerson: 2);
        s_weights = ResumedRun.Weights(Run, s_people);
    }

    [ClassCleanup]
    public static void Remove()
    {
        s_people.Dispose();
        Folder.Dispose();
    }

    [TestMethod]
    public void Fit_CheckpointsKept_AreTheNewest()
    {
        CollectionAssert.AreEqual(new[] { "checkpoint-0000000006.safetensors", "checkpoint-0000000008.safetensors" }, ResumedRun.Files(Run.CheckpointDirectory!).Select(Path.GetFileName).ToArray());
        using TemporaryFolder folder = Copy();
        ResumedRun.Weights(Run with { CheckpointDirectory = folder.FullName, CheckpointsKept = 1, Resume = false, Epochs = 1 }, s_people);
        CollectionAssert.AreEqual(new[] { "checkpoint-0000000004.safetensors" }, ResumedRun.Files(folder.FullName).Select(Path.GetFileName).ToArray(), "The run before is replaced.");
    }

    [TestMethod]
    public void Fit_LeftoversOfAKilledRun_AreDeletedAlsoWhereNothingIsLeftToDo()
    {
        using TemporaryFolder folder = Copy();
        string part = $"checkpoint-0000000008.safetensors.{Guid.NewGuid():N}.part", another = folder.Write("notes.part", [1]), download = folder.Write("checkpoint-0000000009.safetensors.part", [1]);
        folder.Write(part, [1]);
        Directory.CreateDirectory(Path.Combine(folder.FullName, "second-stage"));
        folder.Write(Path.Combine("second-stage", part), [1]);
        CollectionAssert.AreEqual(s_weights, ResumedRun.Weights(Run with { CheckpointDirectory = folder.FullName }, s_people));
        CollectionAssert.AreEquivalent(new[] { another, download }, Directory.GetFiles(folder.FullName, "*.part", SearchOption.AllDirectories));
    }

    [TestMethod]
    public void Fit_NewestDamaged_WarnsAndGoesOnFromTheOneBefore()
    {
        foreach (Action<string> damage in new Action<string>[] { FlipAByte, CutInHalf, file => File.WriteAllBytes(file, []) })
        {
            using TemporaryFolder folder = Copy();
            damage(ResumedRun.Files(folder.FullName)[^1]);
            var log = new List<string>();
            byte[] weights = ResumedRun.Weights(Run with { CheckpointDirectory = folder.FullName }, s_people, log);
            CollectionAssert.AreEqual(s_weights, weights);
            Assert.IsTrue(log.Exists(line => line.Contains("checkpoint-0000000008.safetensors", StringComparison.Ordinal) && line.Contains("The checkpoint before it is used", StringComparison.Ordinal)), string.Join('\n', log));
            Assert.IsTrue(log.Exists(line => line.Contains("after step 6 of 8", StringComparison.Ordinal)), string.Join('\n', log));
        }
    }

    [TestMethod]
    public void Fit_AllDamaged_SaysSoAndTouchesNothing()
    {
        using TemporaryFolder folder = Copy();
        Array.ForEach(ResumedRun.Files(folder.FullName), FlipAByte);
        var error = Assert.ThrowsExactly<WeightsFormatException>(() => ResumedRun.Weights(Run with { CheckpointDirectory = folder.FullName }, s_people));
        StringAssert.Contains(error.Message, "None of the 2 checkpoints");
        StringAssert.Contains(error.Message, "checksum");
        StringAssert.Contains(error.Message, "Resume = false");
        Assert.HasCount(2, ResumedRun.Files(folder.FullName));
        CollectionAssert.AreEqual(s_weights, ResumedRun.Weights(Run with { CheckpointDirectory = folder.FullName, Resume = false }, s_people));
    }

    [TestMethod]
    public void Fit_OtherSettings_AreNamedBeforeTheDataAreRead()
    {
        var ml = new MLContext(seed: 1);
        var options = Run with { LearningRate = 0.25, Loss = new CosFaceLoss(), Seed = 4, QualityColumnName = "Quality", CheckpointsKept = 5 };
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => ml.FaceRecognition().Trainers.ArcFace(options).Fit(Unreadable(ml)));
        StringAssert.Contains(error.Message, "LearningRate is 0.25, it was left out");
        StringAssert.Contains(error.Message, "Loss is CosFaceLoss, it was ArcFaceLoss;");
        StringAssert.Contains(error.Message, "Seed is 4, it was 3");
        StringAssert.Contains(error.Message, "Resume = false");
        Assert.DoesNotContain("Quality", error.Message, "What does not change the run may change.");
    }

    [TestMethod]
    public void Fit_OtherData_IsRefused()
    {
        foreach ((DrawnPeople people, string part) in new[]
        {
            (new DrawnPeople(people: 4, picturesPerPerson: 3), "the number of photographs is 12, it was 8"),
            (new DrawnPeople(people: 4, picturesPerPerson: 2, seed: 2), "the training set has other photographs"),
        })
        {
            using (people)
            {
                StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => ResumedRun.Weights(Run, people)).Message, part);
            }
        }

        var ml = new MLContext(seed: 1);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => ResumedRun.Weights(Run with { ValidationSet = s_people.Images(ml) }, s_people));
        StringAssert.Contains(error.Message, "ValidationSet is given, it was not");
        Assert.DoesNotContain("SHA-256", error.Message);
        Assert.DoesNotContain("{", error.Message);
    }

    [TestMethod]
    public void Fit_FileOfANewerVersion_IsNotTakenForDamage()
    {
        using TemporaryFolder folder = Copy();
        string newest = ResumedRun.Files(folder.FullName)[^1];
        byte[] bytes = File.ReadAllBytes(newest);
        int version = bytes.AsSpan().IndexOf("\"arcface_checkpoint\":\"2\""u8) + "\"arcface_checkpoint\":\""u8.Length;
        bytes[version] = (byte)'3';
        File.WriteAllBytes(newest, bytes);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => ResumedRun.Weights(Run with { CheckpointDirectory = folder.FullName }, s_people)).Message, "version 3");
    }

    [TestMethod]
    public void Fit_FolderThatCannotBe_IsAnErrorBeforeTheDataAreRead()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("file", [1]);
        var ml = new MLContext(seed: 1);
        foreach (ArcFaceTrainer.Options options in new[] { Run with { CheckpointDirectory = Path.Combine(file, "below") }, Run with { TensorBoardDirectory = Path.Combine(file, "below") } })
        {
            StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => ml.FaceRecognition().Trainers.ArcFace(options).Fit(Unreadable(ml))).Message, "cannot be written to");
        }
    }

    [TestMethod]
    public void Fit_FolderOfAnotherRunUnderWay_IsRefusedBeforeTheDataAreRead()
    {
        using TemporaryFolder folder = Copy();
        var ml = new MLContext(seed: 1);
        ArcFaceTrainer.Options options = Run with { CheckpointDirectory = folder.FullName };
        string? refusal = null;
        ResumedRun.Weights(options with
        {
            Resume = false,
            Progress = _ => refusal ??= Assert.ThrowsExactly<IOException>(() => ml.FaceRecognition().Trainers.ArcFace(options).Fit(Unreadable(ml))).Message,
        }, s_people);
        StringAssert.Contains(refusal, "Another run");
        CollectionAssert.AreEqual(s_weights, ResumedRun.Weights(options, s_people), "Its end lets go of the folder.");
    }

    [TestMethod]
    public void Options_OfCheckpointsOutOfRange_AreAllReported()
    {
        var options = new ArcFaceTrainer.Options { CheckpointEverySteps = 0, CheckpointsKept = 0, TensorBoardDirectory = " " };
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().FaceRecognition().Trainers.ArcFace(options)).Message;
        foreach (string part in new[] { "CheckpointEverySteps is 0; it must be from 1", "there is no CheckpointDirectory", "CheckpointsKept is 0", "TensorBoardDirectory is empty" })
        {
            StringAssert.Contains(message, part);
        }
    }

    [TestMethod]
    public void Differences_EveryOptionOfARun_Counts()
    {
        RunIdentity identity = RunIdentity.Of(new ArcFaceTrainer.Options { Seed = 1 }.Recipe);
        Assert.AreEqual(1, identity.StoredSeed);
        foreach (ArcFaceTrainer.Options other in new ArcFaceTrainer.Options[]
        {
            new() { Momentum = 0.8 }, new() { Backbone = BackboneArchitecture.IResNet18 }, new() { Augmentation = FaceAugmentation.Light }, new() { Loss = new ArcFaceLoss(0.4) },
            new() { GradientClippingNorm = double.PositiveInfinity }, new() { Decay = LearningRateDecay.Step }, new() { PhotographsPerPerson = 2 }, new() { ClassSampleRate = 0.1 },
        })
        {
            RunIdentity changed = RunIdentity.Of(other.Recipe with { Seed = 1 });
            Assert.HasCount(1, changed.DifferencesFrom(identity));
            Assert.AreNotEqual(identity.Hash, changed.Hash);
        }

        Assert.IsEmpty(RunIdentity.Of(new ArcFaceTrainer.Options { AddMirrorImage = true, Resume = false }.Recipe).DifferencesFrom(identity), "A run without a seed goes on with any.");
    }

    private static TemporaryFolder Copy()
    {
        var copy = new TemporaryFolder();
        foreach (string file in ResumedRun.Files(Run.CheckpointDirectory!))
        {
            File.Copy(file, Path.Combine(copy.FullName, Path.GetFileName(file)));
        }

        return copy;
    }

    /// <summary>Rows whose photographs must not be looked at.</summary>
    private static IDataView Unreadable(MLContext ml)
    {
        IDataView rows = ml.Data.LoadFromEnumerable([new Row { ImagePath = "there/is/none.jpg", Label = "A" }]);
        return ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows);
    }

    private static void FlipAByte(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        bytes[bytes.Length * 3 / 4] ^= 1;
        File.WriteAllBytes(file, bytes);
    }

    private static void CutInHalf(string file)
    {
        using FileStream stream = File.OpenWrite(file);
        stream.SetLength(stream.Length / 2);
    }

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
