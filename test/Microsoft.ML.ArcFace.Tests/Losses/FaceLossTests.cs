namespace Microsoft.ML.ArcFace.Tests.Losses;

[TestClass]
public class FaceLossTests
{
    [TestMethod]
    public void Violations_EveryUsualLoss_None()
    {
        foreach (FaceLoss loss in MarginSoftmaxCases.AllLosses)
        {
            Assert.IsEmpty(loss.Violations().ToArray(), loss.ToString());
        }
    }

    [TestMethod]
    [DataRow(-0.1, "-0.1")]
    [DataRow(28.6, "28.6")]
    [DataRow(double.NaN, "NaN")]
    [DataRow(double.PositiveInfinity, "Infinity")]
    public void Violations_MarginOutOfRange_NameOptionValueRangeAndRemedy(double margin, string written)
    {
        string message = new ArcFaceLoss(margin).Violations().Single();
        foreach (string part in new[] { "ArcFaceLoss.MarginRadians", written, "from 0 to 3.14159", "0.5 radians" })
        {
            Assert.Contains(part, message);
        }
    }

    [TestMethod]
    public void Violations_SeveralWrongOptions_OneMessageEach()
    {
        var loss = new CombinedMarginLoss(0, -1, 3) { Scale = -1, Extension = (MarginExtension)9, Gradient = (MarginGradient)9 };
        Assert.HasCount(6, loss.Violations().ToArray());
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(double.NaN)]
    [DataRow(1001.0)]
    public void Violations_ScaleOutOfRange_One(double scale) =>
        Assert.Contains("Scale", new ArcFaceLoss { Scale = scale }.Violations().Single());

    [TestMethod]
    public void Violations_ScaleOfALossWithout_One()
    {
        Assert.Contains("has no scale", new SoftmaxLoss { Scale = 64 }.Violations().Single());
        Assert.Contains("has no scale", new SphereFaceLoss { Scale = 64 }.Violations().Single());
    }

    [TestMethod]
    public void Violations_InsightFaceExtensionWithMultiplier_OneUnlessTheMultiplierIsOne()
    {
        Assert.Contains("1.35", new CombinedMarginLoss(1.35, 0, 0) { Extension = MarginExtension.InsightFace }.Violations().Single());
        Assert.IsEmpty(new CombinedMarginLoss(1, 0.3, 0.2) { Extension = MarginExtension.InsightFace }.Violations().ToArray());
    }

    [TestMethod]
    public void Violations_SphereFaceOptions_OneEach() =>
        Assert.HasCount(4, new SphereFaceLoss(0.5) { InitialAnnealing = -1, AnnealingDecay = double.NaN, MinimumAnnealing = -1 }.Violations().ToArray());
}
