using Microsoft.ML.ArcFace.Tests.TestSupport;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class LearningRateFinderTests
{
    private static readonly ArcFaceTrainer.Options Quick = new() { Epochs = 1, BatchSize = 2, EmbeddingSize = 16, Seed = 3 };

    [TestMethod]
    public void Suggestion_LossWithOneSlope_IsItsSteepestPlace()
    {
        // A logistic step down by 10 around 1e-3, then a rise; the steepest place is its middle.
        (double, double)[] steps = [.. Enumerable.Range(0, 101).Select(i => (Rate(i), 20 - (10 / (1 + Math.Exp(-4 * (Math.Log10(Rate(i)) + 3)))) + Math.Exp(8 * (Math.Log10(Rate(i)) + 0.5))))];
        var curve = new LearningRateCurve(steps);
        Assert.AreEqual(-3, Math.Log10(curve.Suggestion!.Value), 0.1);
        Assert.HasCount(101, curve.Points);
        Assert.AreEqual(steps.Skip(45).Take(11).Average(step => step.Item2), curve.Points[50].SmoothedLoss, 1e-12);
        Assert.AreEqual(steps[0].Item2, curve.Points[0].SmoothedLoss);
    }

    [TestMethod]
    public void Suggestion_LossThatRisesOrIsNotThere_IsNull()
    {
        Assert.IsNull(new LearningRateCurve([.. Enumerable.Range(0, 50).Select(i => (Rate(i), (double)i))]).Suggestion);
        Assert.IsNull(new LearningRateCurve([]).Suggestion);
    }

    [TestMethod]
    public void FindLearningRate_DrawnFaces_LeavesNoTraceInTheTrainer()
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 2);
        using var folder = new TemporaryFolder();
        byte[] expected = ResumedRun.Weights(Quick, people);
        var ml = new MLContext(seed: 1);
        IDataView images = people.Images(ml);
        ArcFaceTrainer trainer = ml.FaceRecognition().Trainers.ArcFace(Quick with { TensorBoardDirectory = folder.FullName, CheckpointDirectory = folder.FullName });
        torch.manual_seed(77);
        float random = torch.rand(1).item<float>();
        torch.manual_seed(77);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        LearningRateCurve curve = trainer.FindLearningRate(images, new LearningRateSearch { Lowest = 1e-5, Highest = 1e-1, Steps = 12 });

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.AreEqual(random, torch.rand(1).item<float>());
        Assert.IsEmpty(Directory.GetFiles(folder.FullName));
        Assert.AreEqual(1e-5, curve.Points[0].LearningRate, 1e-12);
        for (int i = 1; i < curve.Points.Count; i++)
        {
            Assert.AreEqual(Math.Pow(1e4, 1.0 / 11), curve.Points[i].LearningRate / curve.Points[i - 1].LearningRate, 1e-9);
        }

        string path = Path.Combine(folder.FullName, "weights");
        using (FaceEmbeddingTransformer model = trainer.Fit(images))
        {
            ml.FaceRecognition().ExportToSafetensors(model, path, includeClassCentres: true);
        }

        CollectionAssert.AreEqual(expected, File.ReadAllBytes(path));
    }

    [TestMethod]
    public void FindLearningRate_RatesFarTooHigh_EndsBeforeTheLast()
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 2);
        var ml = new MLContext(seed: 1);
        LearningRateCurve curve = ml.FaceRecognition().Trainers.ArcFace(Quick with { Optimizer = TrainingOptimizer.Sgd, GradientClippingNorm = double.PositiveInfinity })
            .FindLearningRate(people.Images(ml), new LearningRateSearch { Lowest = 1, Highest = 1e12, Steps = 60 });
        Assert.IsLessThan(60, curve.Points.Count);
        Assert.IsTrue(curve.Points.All(point => double.IsFinite(point.Loss)));
    }

    [TestMethod]
    public void FindLearningRate_SearchOutOfRange_ReportsAll()
    {
        var trainer = new MLContext().FaceRecognition().Trainers.ArcFace(Quick);
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 2);
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => trainer.FindLearningRate(people.Images(new MLContext()), new LearningRateSearch { Lowest = 0, Highest = -1, Steps = 3 })).Message;
        foreach (string part in new[] { "Lowest is 0", "Highest is -1; it must be over Lowest", "Steps is 3" })
        {
            StringAssert.Contains(message, part);
        }
    }

    private static double Rate(int i) => Math.Pow(10, -6 + (i * 0.06));
}
