using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class TrainingProgressTests
{
    [TestMethod]
    public void ToString_WithinAnEpoch_IsTheLineOfTheLog()
    {
        var progress = new TrainingProgress(2, 20, 15, 300, 12.3456, 0.001, 49.27, TimeSpan.FromSeconds(3723), IsEpochEnd: false, ValidationAreaUnderRocCurve: null);

        Assert.AreEqual("Epoch 2/20, step 15/300: loss 12.346, 49.3 images/s, 01:02:03 left", progress.ToString());
    }

    [TestMethod]
    public void ToString_WithValidationAndDaysLeft_HasBoth()
    {
        var progress = new TrainingProgress(2, 20, 15, 300, 12, 0.001, 49, new TimeSpan(2, 3, 4, 5), IsEpochEnd: true, ValidationAreaUnderRocCurve: 0.98765);

        Assert.AreEqual("Epoch 2/20, step 15/300: loss 12.000, 49.0 images/s, 2.03:04:05 left, validation AUC 0.9877", progress.ToString());
    }

    [TestMethod]
    public void Fit_GoesOnBehindTheLastStepOfAnEpoch_TimesNoStepOfTheRunBefore()
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 2);
        using var folder = new TemporaryFolder();
        var reports = new List<TrainingProgress>();
        var options = new ArcFaceTrainer.Options { Epochs = 2, BatchSize = 2, EmbeddingSize = 16, Seed = 3, CheckpointDirectory = folder.FullName };
        Assert.ThrowsExactly<TrainingCanceledException>(() => ResumedRun.Weights(options with { Progress = progress => { if (progress.IsEpochEnd) { throw new OperationCanceledException(); } } }, people));
        ResumedRun.Weights(options with { Progress = reports.Add }, people);
        Assert.AreEqual((true, 4, 0.0, TimeSpan.Zero), (reports[0].IsEpochEnd, reports[0].Step, reports[0].ImagesPerSecond, reports[0].EstimatedTimeRemaining));
        Assert.IsGreaterThan(0, reports[^1].ImagesPerSecond);
    }
}
