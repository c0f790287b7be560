using Microsoft.ML.ArcFace.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class BestWeightsTests
{
    [TestMethod]
    public void Restore_AfterWorseScores_GivesTheBestBack()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var module = nn.Linear(1, 1, hasBias: false);
        var best = new BestWeights(("module", module));
        int[] ages = [.. new[] { 0.5, 0.9, 0.7, 0.9 }.Select((score, epoch) =>
        {
            module.weight!.fill_(epoch);
            return best.Offer(score, epoch);
        })];
        best.Restore();
        Assert.AreEqual(1, module.weight!.item<float>());
        CollectionAssert.AreEqual(new[] { 0, 0, 1, 2 }, ages);
    }

    [TestMethod]
    public void Restore_NothingOffered_ChangesNothing()
    {
        using var scope = NewDisposeScope();
        var module = nn.Linear(1, 1, hasBias: false);
        float before = module.weight!.item<float>();
        new BestWeights(("module", module)).Restore();
        Assert.AreEqual(before, module.weight.item<float>());
    }

    [TestMethod]
    public void Update_WeightAverage_FollowsItsFormula()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var source = nn.BatchNorm1d(1);
        var average = nn.BatchNorm1d(1);
        var weights = new WeightAverage(source, average, 0.9);
        double expected = 1;
        for (int update = 0; update < 200; update++)
        {
            source.weight!.fill_(update);
            double keep = Math.Min(0.9, (1 + update) / (10.0 + update));
            expected = (keep * expected) + ((1 - keep) * update);
            weights.Update(update);
        }

        Assert.AreEqual(expected, average.weight!.item<float>(), 1e-3);
    }
}
