using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class EventFileTests
{
    private static readonly ArcFaceTrainer.Options Quick = new() { Epochs = 2, BatchSize = 2, EmbeddingSize = 16, Seed = 3, WeightAveragingDecay = 0 };

    [TestMethod]
    public void MaskedChecksum_KnownBytes_IsThatOfTFRecord()
    {
        // RFC 3720, B.4 and the check value of CRC-32C.
        Assert.AreEqual(0xE3069283u, EventRecords.Crc32C("123456789"u8));
        Assert.AreEqual(0x8A9136AAu, EventRecords.Crc32C(new byte[32]));
        Assert.AreEqual(unchecked(((0x8A9136AAu >> 15) | (0x8A9136AAu << 17)) + 0xA282EAD8u), EventFile.MaskedChecksum(new byte[32]));
    }

    [TestMethod]
    public void Scalars_Written_AreReadBackAlsoWhileTheFileIsOpen()
    {
        using var folder = new TemporaryFolder();
        using EventFile file = EventFile.Create(folder.FullName, firstStep: 7);
        using EventFile second = EventFile.Create(folder.FullName, firstStep: 9);
        file.Scalars(7, ("a", 1.5), ("b", double.NaN));
        file.Flush();
        string[] paths = [.. Directory.EnumerateFiles(folder.FullName).Order(StringComparer.Ordinal)];
        Assert.HasCount(2, paths);
        Event[] events = EventRecords.Read(paths[0]);
        Assert.AreEqual("brain.Event:2", events[0].FileVersion);
        Assert.AreEqual((7L, SessionLog.Types.SessionStatus.Start), (events[1].Step, events[1].SessionLog.Status));
        CollectionAssert.AreEqual(new[] { (7L, 1.5f) }, EventRecords.Scalars(events, "a"));
        Assert.IsTrue(float.IsNaN(EventRecords.Scalars(events, "b").Single().Value));
        Assert.AreEqual(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), events[2].WallTime, 3600);
    }

    [TestMethod]
    public void Fit_TensorBoardDirectory_HasEveryStepOnceAlsoAfterACrash()
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 2);
        using var others = new DrawnPeople(people: 2, picturesPerPerson: 2, seed: 5);
        using var folder = new TemporaryFolder();
        string events = Path.Combine(folder.FullName, "events");
        var options = Quick with { TensorBoardDirectory = events, CheckpointDirectory = Path.Combine(folder.FullName, "run"), CheckpointEverySteps = 3, ValidationSet = others.Images(new MLContext(seed: 1)) };
        var epochs = new List<TrainingProgress>();
        ResumedRun.Crash(options, people, epochs: 1);
        ResumedRun.Weights(options with { Progress = epochs.Add }, people);

        Event[][] files = [.. Directory.EnumerateFiles(events).Order(StringComparer.Ordinal).Select(EventRecords.Read)];
        Assert.HasCount(2, files);
        Assert.AreEqual(3L, files[1][1].Step, "From here on the file before no longer counts.");
        (long Step, float Value)[] before = EventRecords.Scalars(files[0], "train/loss"), after = EventRecords.Scalars(files[1], "train/loss");
        CollectionAssert.AreEqual(new long[] { 0, 1, 2, 3 }, before.Select(loss => loss.Step).ToArray());
        CollectionAssert.AreEqual(new long[] { 3, 4, 5, 6, 7 }, after.Select(loss => loss.Step).ToArray());
        Assert.AreEqual(before[3], after[0], "The repeated step has the loss that it had.");
        Assert.AreEqual((7, (float)epochs[^1].ValidationAreaUnderRocCurve!.Value), EventRecords.Scalars(files[1], "validation/area_under_roc_curve")[^1]);
        Assert.AreEqual((7, (float)epochs[^1].LearningRate), EventRecords.Scalars(files[1], "train/learning_rate")[^1]);
    }
}
