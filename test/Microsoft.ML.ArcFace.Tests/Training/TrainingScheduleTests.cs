using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class TrainingScheduleTests
{
    private static TrainingSchedule Schedule(LearningRateDecay decay, int warmUp = 10, int ramp = 40) => new(0.1, decay, warmUp, ramp, 110);

    [TestMethod]
    public void LearningRate_WarmUp_RisesLinearlyToThePeak()
    {
        TrainingSchedule schedule = Schedule(LearningRateDecay.Cosine);
        Assert.AreEqual(0.01, schedule.LearningRate(0), 1e-12);
        Assert.AreEqual(0.05, schedule.LearningRate(4), 1e-12);
        Assert.AreEqual(0.1, schedule.LearningRate(10), 1e-12);
    }

    [TestMethod]
    public void LearningRate_Decays_HandComputed()
    {
        Assert.AreEqual(0.05, Schedule(LearningRateDecay.Cosine).LearningRate(60), 1e-12);
        Assert.AreEqual(0.025, Schedule(LearningRateDecay.Polynomial).LearningRate(60), 1e-12);
        Assert.AreEqual(0.1, Schedule(LearningRateDecay.Constant).LearningRate(109), 1e-12);
        Assert.AreEqual(0.1, Schedule(LearningRateDecay.Step).LearningRate(68), 1e-12);
        Assert.AreEqual(0.01, Schedule(LearningRateDecay.Step).LearningRate(69), 1e-12);
        Assert.AreEqual(0.001, Schedule(LearningRateDecay.Step).LearningRate(109), 1e-12);
    }

    [TestMethod]
    public void MarginFraction_Ramp_RisesLinearlyAndStays()
    {
        TrainingSchedule schedule = Schedule(LearningRateDecay.Cosine);
        Assert.AreEqual(0, schedule.MarginFraction(0));
        Assert.AreEqual(0.25, schedule.MarginFraction(10));
        Assert.AreEqual(1, schedule.MarginFraction(40));
        Assert.AreEqual(1, schedule.MarginFraction(109));
        Assert.AreEqual(1, Schedule(LearningRateDecay.Cosine, ramp: 0).MarginFraction(0));
    }

    [TestMethod]
    [DataRow(8, 2)]
    [DataRow(160, 20)]
    [DataRow(2333, 211)]
    [DataRow(99_999, 3000)]
    public void Choose_SmallSets_BatchIsNoMoreThanAQuarterAndStepsAreEnough(int images, int people)
    {
        TrainingPlan plan = TrainingPlan.Choose(new ArcFaceTrainer.Options().Recipe, images, people);
        Assert.IsLessThanOrEqualTo(Math.Max(2, images / 4), plan.BatchSize);
        Assert.IsGreaterThanOrEqualTo(200, plan.TotalSteps);
        Assert.IsGreaterThan(0, plan.Schedule.WarmUpSteps);
        Assert.AreEqual(TrainingOptimizer.AdamW, plan.Optimizer);
    }

    [TestMethod]
    public void Choose_LargeSet_IsThePapersRecipe()
    {
        TrainingPlan plan = TrainingPlan.Choose(new ArcFaceTrainer.Options().Recipe, 500_000, 10_000);
        Assert.AreEqual(64, plan.Scale);
        Assert.AreEqual((TrainingOptimizer.Sgd, 5e-4), (plan.Optimizer, plan.WeightDecay));
        Assert.AreEqual(0, plan.Schedule.MarginRampSteps);
        Assert.AreEqual(0, plan.WeightAveragingDecay);
        Assert.AreSame(FaceAugmentation.MirrorOnly, plan.Augmentation);
    }

    [TestMethod]
    public void Choose_BatchLargerThanTheSet_SaysWhatFits()
    {
        var exception = Assert.ThrowsExactly<InvalidOperationException>(() => TrainingPlan.Choose(new ArcFaceTrainer.Options { BatchSize = 64 }.Recipe, 40, 4));
        StringAssert.Contains(exception.Message, "at most 10");
    }
}
