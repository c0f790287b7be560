using FsCheck;
using FsCheck.Fluent;
using Microsoft.ML.ArcFace.Experiments;

namespace Microsoft.ML.ArcFace.Tests.Experiments;

[TestClass]
public class HalvingScheduleTests
{
    [TestMethod]
    [DataRow(27, 3, 3, 27, "27@3 9@9 3@27", DisplayName = "The defaults")]
    [DataRow(81, 3, 1, 81, "81@1 27@3 9@9 3@27 1@81", DisplayName = "Hyperband's Table 1, s = 4")]
    [DataRow(16, 3, 2, 20, "16@2 5@7 1@20", DisplayName = "Neither trials nor epochs are powers: 16/3, 16/9 down; 20/9, 20/3 rounded")]
    [DataRow(8, 2, 1, 10, "8@1 4@3 2@5 1@10", DisplayName = "10/8 down, 10/4 up")]
    [DataRow(100, 3, 9, 30, "100@10 33@30", DisplayName = "The fewest epochs end the halving: 30/9 is too few")]
    [DataRow(2, 3, 1, 100, "2@100", DisplayName = "Too few trials to halve")]
    [DataRow(50, 3, 20, 20, "50@20", DisplayName = "No epochs to save")]
    [DataRow(50, 1, 1, 20, "50@20", DisplayName = "Random search")]
    [DataRow(1, 3, 1, 1, "1@1", DisplayName = "One trial")]
    public void Rungs_Counted_AreThoseOfTheHand(int trials, int factor, int minEpochs, int maxEpochs, string expected) =>
        Assert.AreEqual(expected, string.Join(' ', HalvingSchedule.Rungs(trials, factor, minEpochs, maxEpochs).Select(rung => $"{rung.Trials}@{rung.Epochs}")));

    [TestMethod]
    public void Rungs_AnyNumbers_FallInTrialsRiseInEpochsAndKeepTheEnds()
    {
        Prop.ForAll(
            Gen.Choose(1, 500).SelectMany(trials => Gen.Choose(1, 7).SelectMany(factor => Gen.Choose(1, 40).SelectMany(min => Gen.Choose(min, 300).Select(max => (trials, factor, min, max))))).ToArbitrary(),
            ((int Trials, int Factor, int Min, int Max) given) =>
            {
                HalvingRung[] rungs = HalvingSchedule.Rungs(given.Trials, given.Factor, given.Min, given.Max);
                Assert.AreEqual(given.Trials, rungs[0].Trials);
                Assert.AreEqual(given.Max, rungs[^1].Epochs);
                Assert.IsTrue(rungs[^1].Trials >= 1 && rungs[0].Epochs >= given.Min);
                foreach ((HalvingRung rung, HalvingRung next) in rungs.Zip(rungs.Skip(1)))
                {
                    Assert.IsTrue(next.Trials < rung.Trials && next.Epochs > rung.Epochs);
                }
            }).QuickCheckThrowOnFailure();
    }
}
