using Microsoft.ML.ArcFace.Terminal;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class MarginRemarkTests
{
    [TestMethod]
    public void Next_LossRisesWithTheMargin_IsSaidOnce()
    {
        var remark = new MarginRemark(rampSteps: 1_500);
        Assert.IsNull(remark.Next(5, 0), "The first report has nothing before it.");
        Assert.IsNull(remark.Next(4, 0.2), "It falls.");
        StringAssert.StartsWith(remark.Next(4.5, 0.4), "The loss rises while the margin grows (until step 1,500)");
        Assert.IsNull(remark.Next(5, 0.6), "Once.");
    }

    [TestMethod]
    public void Next_LossRisesUnderTheSameMargin_IsNotExplainedByIt()
    {
        var remark = new MarginRemark(rampSteps: 10);
        Assert.IsNull(remark.Next(5, 1));
        Assert.IsNull(remark.Next(6, 1));
        Assert.IsNull(new MarginRemark(10).Next(double.NaN, 0.5));
    }

    [TestMethod]
    public void Fit_MarginThatGrows_IsReportedBesideTheLoss()
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 4);
        var ml = new MLContext(seed: 1);
        var lines = new List<string>();
        ml.Log += (_, line) => lines.Add(line.RawMessage);
        var reports = new List<TrainingProgress>();
        using FaceEmbeddingTransformer embedding = ml.FaceRecognition().Trainers.ArcFace(new ArcFaceTrainer.Options
        {
            Epochs = 4, BatchSize = 8, EmbeddingSize = 16, Seed = 3, MarginRampFraction = 0.75, Progress = reports.Add,
        }).Fit(people.Images(ml));

        // 2 steps an epoch, 8 in all, 6 of them with a margin that grows: the last steps of the epochs are 1, 3, 5, 7.
        TrainingProgress[] epochs = [.. reports.Where(report => report.IsEpochEnd)];
        CollectionAssert.AreEqual(new[] { 1 / 6.0, 3 / 6.0, 5 / 6.0, 1 }, epochs.Select(report => report.MarginFraction).ToArray());
        Assert.IsTrue(lines.Exists(line => line.Contains("50 % of the margin", StringComparison.Ordinal)), string.Join('\n', lines));
        Assert.AreEqual(reports.Count(report => report.Remark is not null), lines.Count(line => line.StartsWith("The loss rises while", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Display_MarginAndRemark_StandBesideTheLoss()
    {
        using var output = new StringWriter();
        using (var display = new ProgressDisplay(output))
        {
            display.Show(new TrainingProgress(2, 10, 20, 100, 7.5, 0.01, 50, TimeSpan.FromSeconds(61), IsEpochEnd: true, null, MarginFraction: 0.4, Remark: "The loss rises."));
            display.Show(new TrainingProgress(9, 10, 90, 100, 7.5, 0.01, 50, TimeSpan.FromSeconds(61), IsEpochEnd: true, null));
        }

        string[] lines = output.ToString().Split(Environment.NewLine);
        StringAssert.Contains(lines[0], "loss 7.50, 40 % of the margin, 50 photographs/s");
        Assert.AreEqual("The loss rises.", lines[1]);
        Assert.IsFalse(lines[2].Contains("margin", StringComparison.Ordinal), lines[2]);
    }
}
