using FsCheck;
using FsCheck.Fluent;
using Microsoft.ML.ArcFace.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

[TestClass]
public class AngularMarginTests
{
    private const int Steps = 4000;

    /// <summary>Multipliers 0.1 to 10 and margins 0 to π radians, in thousandths of their range.</summary>
    private static readonly Arbitrary<AngularMargin> ContinuousMargins =
        (from multiplier in Gen.Choose(0, 1000)
         from radians in Gen.Choose(0, 1000)
         select new AngularMargin(0.1 + (multiplier * 9.9e-3), radians * Math.PI / 1000, MarginExtension.Continuous)).ToArbitrary();

    [TestMethod]
    public void Curve_ContinuousExtension_FallsWithoutJumps() =>
        Prop.ForAll(ContinuousMargins, margin =>
        {
            using var scope = NewDisposeScope();
            Tensor step = margin.Curve(linspace(0, Math.PI, Steps + 1, dtype: ScalarType.Float64)).Value.diff();
            // No steeper than m₁, the largest slope of cos(m₁θ + m₂).
            bool isContinuous = step.min().item<double>() >= -margin.Multiplier * Math.PI / Steps * 1.000001;
            return step.max().item<double>() <= 1e-12 && isContinuous;
        }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void Curve_ContinuousExtension_NeverPushesTheAngleUp() =>
        Prop.ForAll(ContinuousMargins, margin =>
        {
            using var scope = NewDisposeScope();
            Tensor slope = margin.Curve(linspace(0, Math.PI, Steps + 1, dtype: ScalarType.Float64)).SlopeByCosine;
            return slope.isfinite().all().item<bool>() && slope.min().item<double>() >= -1e-6;
        }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void Curve_InsightFaceExtension_JumpsFromCosineToLine()
    {
        using var scope = NewDisposeScope();
        Tensor theta = tensor(new[] { Math.PI - 0.5 - 1e-9, Math.PI - 0.5 + 1e-9 });
        (Tensor value, Tensor slope) = new AngularMargin(1, 0.5, MarginExtension.InsightFace).Curve(theta);
        Assert.AreEqual(-1, value[0].item<double>(), 1e-8);
        Assert.AreEqual(Math.Cos(Math.PI - 0.5) - (0.5 * Math.Sin(0.5)), value[1].item<double>(), 1e-8);
        Assert.AreEqual(1, slope[1].item<double>());
    }

    [TestMethod]
    public void Curve_NoExtension_IsTheCosineEverywhere()
    {
        using var scope = NewDisposeScope();
        Tensor theta = linspace(0, Math.PI, 100, dtype: ScalarType.Float64);
        Tensor value = new AngularMargin(1.35, 0.4, MarginExtension.None).Curve(theta).Value;
        Assert.IsLessThan(1e-14, (value - ((theta * 1.35) + 0.4).cos()).abs().max().item<double>());
    }
}
