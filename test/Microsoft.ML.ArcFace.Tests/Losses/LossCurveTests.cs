using Microsoft.ML.ArcFace.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

/// <summary>The curves as data say what the heads compute.</summary>
[TestClass]
public class LossCurveTests
{
    [TestMethod]
    public void TargetLogitCurve_EveryLossWithLogits_IsWhatItsHeadComputes()
    {
        const double Scale = 4;

        // AdaFace is looked at below; SphereFace begins at another weight than the least one, which its curve shows.
        FaceLoss[] losses =
        [
            .. MarginSoftmaxCases.ExactLosses.Where(loss => loss is not AdaFaceLoss and not SphereFaceLoss { InitialAnnealing: > 0 }), new SphereFaceLoss { InitialAnnealing = 0 },
            new SubCenterArcFaceLoss(SubCenters: 1), new MagFaceLoss { LengthWeight = 0 }, new MagFaceLoss { LengthWeight = 0, EasyMargin = false },
        ];
        foreach (FaceLoss loss in losses)
        {
            using var scope = NewDisposeScope();
            using ClassificationHead head = loss.CreateClassificationHead(2, 2, Scale);
            head.to(ScalarType.Float64);
            using (no_grad())
            {
                head.Centers.copy_(eye(2, dtype: ScalarType.Float64));
            }

            foreach (AnglePoint point in loss.TargetLogitCurve(37).Where(point => point.AngleDegrees is > 0 and < 180))
            {
                // Of the middle length of MagFace; where the length is the scale, of this one. The other logit is s·sin θ.
                double theta = point.AngleDegrees * Math.PI / 180, length = loss.HasScale ? 60 : Scale;
                if (loss is CurricularFaceLoss && Math.Sin(theta) > point.Value)
                {
                    // The other class is a hard one here, and has another logit.
                    continue;
                }

                Tensor embedding = tensor(new[] { length * Math.Cos(theta), length * Math.Sin(theta) }, [1, 2]);
                double crossEntropy = head.forward(embedding, zeros(1, dtype: ScalarType.Int64)).item<double>();
                double target = Math.Sin(theta) - (Math.Log(Math.Exp(crossEntropy) - 1) / Scale);
                Assert.AreEqual(target, point.Value, 1e-6, $"{loss} at {point.AngleDegrees}°");
            }
        }
    }

    [TestMethod]
    public void TargetLogitCurve_AdaFaceAtItsMeanLength_IsWhatItsHeadComputes()
    {
        using var scope = NewDisposeScope();
        using ClassificationHead head = new AdaFaceLoss().CreateClassificationHead(2, 2, 4);
        using (no_grad())
        {
            head.Centers.copy_(eye(2));
        }

        // Its running mean length starts at 20.
        Tensor embedding = tensor(new[] { 20 * (float)Math.Cos(1), 20 * (float)Math.Sin(1) }, [1, 2]);
        double target = Math.Sin(1) - (Math.Log(Math.Exp(head.forward(embedding, zeros(1, dtype: ScalarType.Int64)).item<float>()) - 1) / 4);
        double curve = new AdaFaceLoss().TargetLogitCurve(1801).MinBy(point => Math.Abs(point.AngleDegrees - (180 / Math.PI))).Value;
        Assert.AreEqual(target, curve, 1e-3);
    }

    [TestMethod]
    public void DecisionBoundary_AngularMargins_AreMovedByTheMargin()
    {
        const double Margin = 0.5 * 180 / Math.PI;
        AssertMovedBy(0, new SoftmaxLoss());
        AssertMovedBy(0, new NormSoftmaxLoss());
        AssertMovedBy(Margin, new ArcFaceLoss(0.5));
        AssertMovedBy(0.35 * 180 / Math.PI, new AngularTripletLoss(0.35));
        Assert.AreEqual(90, new CosFaceLoss(0.5).DecisionBoundary().MinBy(point => Math.Abs(point.AngleDegrees - 60)).Value, 1e-9);
        Assert.AreEqual(2 * Math.Asin(0.65) * 180 / Math.PI, new TripletLoss(0.3).DecisionBoundary().MinBy(point => Math.Abs(point.AngleDegrees - 60)).Value, 1e-9);

        static void AssertMovedBy(double degrees, FaceLoss loss)
        {
            IReadOnlyList<AnglePoint> boundary = loss.DecisionBoundary();
            Assert.HasCount((int)(181 - degrees), boundary, loss.ToString());
            foreach (AnglePoint point in boundary)
            {
                Assert.AreEqual(point.AngleDegrees + degrees, point.Value, 1e-5, loss.ToString());
            }
        }
    }

    [TestMethod]
    public void TargetLogitCurve_TripletLossOrOnePoint_IsRefused()
    {
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => new TripletLoss().TargetLogitCurve()).Message, "DecisionBoundary");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ArcFaceLoss().TargetLogitCurve(1));
    }
}
