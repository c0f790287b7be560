using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class TrainingHealthTests
{
    private const int Steps = 500;
    private static readonly TrainingPlan Plan = TrainingPlan.Choose(new ArcFaceTrainer.Options { Epochs = Steps, BatchSize = 8, LearningRate = 0.05, MarginRampFraction = 0 }.Recipe, images: 8, people: 4);

    [TestMethod]
    [DataRow(double.NaN, "NaN")]
    [DataRow(double.PositiveInfinity, "Infinity")]
    public void Observe_LossThatIsNoNumber_NamesStepCauseAndRemedy(double loss, string written)
    {
        string message = Refused(step => step < 3 ? 4 : loss);
        foreach (string part in new[] { $"The loss became {written} in step 4", "learning rate that is too high", "the peak is 0.05, try 0.005", "labels that do not fit" })
        {
            StringAssert.Contains(message, part);
        }
    }

    [TestMethod]
    public void Observe_LossThatRisesFarAboveAnUntrainedNetworks_NamesBothAndTheCause()
    {
        string message = Refused(step => step);
        StringAssert.Contains(message, "where a network that knows nothing has 4.0");
        StringAssert.Contains(message, "learning rate");
    }

    [TestMethod]
    public void Observe_LossNoBetterAfterHalfOfTheRun_HasCollapsed()
    {
        string message = Refused(_ => 4.5);
        StringAssert.Contains(message, $"After half of the run (step {(Steps / 2) + 2})");
    }

    [TestMethod]
    public void Observe_LossThatFalls_IsWell()
    {
        TrainingHealth health = Watch([4, 4, 4, 4, 4], Plan);
        for (int step = 0; step < Steps; step++)
        {
            health.Observe(step, 4.0 * (Steps - step) / Steps);
        }
    }

    [TestMethod]
    public void Observe_MarginRamp_ComparesWithTheUntrainedLossOfItsShare()
    {
        // With the margin the loss grows, though the network learns.
        TrainingPlan ramped = Plan with { Schedule = Plan.Schedule with { MarginRampSteps = Steps } };
        TrainingHealth health = Watch([4, 14, 24, 34, 44], ramped);
        for (int step = 0; step < Steps; step++)
        {
            health.Observe(step, 3 + (36.0 * step / Steps));
        }
    }

    private static TrainingHealth Watch(double[] untrainedLosses, TrainingPlan plan)
    {
        var health = new TrainingHealth(fallsWithTraining: true, plan);
        health.Begin(untrainedLosses);
        return health;
    }

    private static string Refused(Func<int, double> lossOfStep)
    {
        TrainingHealth health = Watch([4, 4, 4, 4, 4], Plan);
        return Assert.ThrowsExactly<TrainingDivergedException>(() =>
        {
            for (int step = 0; step < Steps; step++)
            {
                health.Observe(step, lossOfStep(step));
            }
        }).Message;
    }
}
