using Microsoft.ML.ArcFace.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

[TestClass]
public class MarginHeadTests
{
    private const double Scale = 16;

    private static readonly FaceLoss[] ExactLosses =
    [
        new SoftmaxLoss(), new NormSoftmaxLoss(), new SphereFaceLoss(), new SphereFaceLoss { InitialAnnealing = 0, MinimumAnnealing = 0 }, new CosFaceLoss(),
        .. Enum.GetValues<MarginExtension>().Select(extension => new ArcFaceLoss { Extension = extension }),
        new CombinedMarginLoss(), new CombinedMarginLoss(0.9, 0.4, 0.15), new CombinedMarginLoss(1.35, 0, 0), new CombinedMarginLoss(2, 0.5, 0.1),
    ];

    [TestMethod]
    public void Forward_ExactGradient_AgreesWithFiniteDifferences()
    {
        const double Step = 1e-6;
        foreach (FaceLoss loss in ExactLosses)
        {
            using var scope = NewDisposeScope();
            manual_seed(5);
            using ClassificationHead head = loss.CreateHead(6, 4, Scale);
            head.to(ScalarType.Float64);
            Tensor embeddings = randn(5, 6, dtype: ScalarType.Float64).requires_grad_();
            Tensor labels = tensor(new long[] { 0, 1, 2, 3, 1 });
            head.forward(embeddings, labels).backward();
            Tensor direction = randn(5, 6, dtype: ScalarType.Float64);
            using var noGradient = no_grad();
            double ahead = head.forward(embeddings + (Step * direction), labels).item<double>();
            double behind = head.forward(embeddings - (Step * direction), labels).item<double>();
            double expected = (ahead - behind) / (2 * Step);
            double actual = (embeddings.grad! * direction).sum().item<double>();
            Assert.AreEqual(expected, actual, 1e-6 * Math.Max(1, Math.Abs(expected)), loss.ToString());
        }
    }

    [TestMethod]
    public void Forward_StraightThrough_GradientByCosineIsScaleTimesProbabilityMinusOne()
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        using ClassificationHead head = new ArcFaceLoss { Gradient = MarginGradient.StraightThrough }.CreateHead(8, 8, Scale);
        head.to(ScalarType.Float64);
        using (no_grad())
        {
            // Orthonormal centres and unit embeddings: the embedding's gradient, radial part aside, is the cosines'.
            head.Centers.copy_(eye(8, dtype: ScalarType.Float64));
        }

        Tensor embeddings = nn.functional.normalize(randn(3, 8, dtype: ScalarType.Float64), dim: 1).detach().requires_grad_();
        long[] targets = [2, 5, 7];
        Tensor labels = tensor(targets);
        head.forward(embeddings, labels).backward();

        Tensor cosine = embeddings.detach();
        Tensor logits = (cosine * Scale).clone();
        for (int row = 0; row < targets.Length; row++)
        {
            double theta = Math.Acos(cosine[row, targets[row]].item<double>());
            double angle = theta + 0.5;
            logits[row, targets[row]] = Scale * (angle <= Math.PI ? Math.Cos(angle) : -Math.Cos(angle) - 2);
        }

        Tensor byCosine = (nn.functional.softmax(logits, 1) - nn.functional.one_hot(labels, 8).to(ScalarType.Float64)) * Scale / targets.Length;
        Tensor tangential = byCosine - ((byCosine * cosine).sum(1, keepdim: true) * cosine);
        Assert.IsLessThan(1e-12, (embeddings.grad! - tangential).abs().max().item<double>());
    }

    [TestMethod]
    [DataRow(ScalarType.Float32)]
    [DataRow(ScalarType.BFloat16)]
    public void Forward_SpecialAngles_LossAndGradientsAreFinite(ScalarType type)
    {
        double[] angles = [0, 1e-4, Math.PI / 2, Math.PI - 0.5, Math.PI - 1e-4, Math.PI];
        foreach (FaceLoss loss in ExactLosses)
        {
            using var scope = NewDisposeScope();
            using ClassificationHead head = loss.CreateHead(2, 2, 64);
            using (no_grad())
            {
                head.Centers.copy_(eye(2));
            }

            float[] points = [.. angles.SelectMany(angle => new[] { (float)Math.Cos(angle), (float)Math.Sin(angle) })];
            Tensor embeddings = tensor(points, [angles.Length, 2]).to(type).detach().requires_grad_();
            Tensor value = head.forward(embeddings, zeros(angles.Length, dtype: ScalarType.Int64));
            value.backward();
            Assert.IsTrue(value.isfinite().all().item<bool>(), loss.ToString());
            Assert.IsTrue(embeddings.grad!.isfinite().all().item<bool>(), loss.ToString());
            Assert.IsTrue(head.Centers.grad!.isfinite().all().item<bool>(), loss.ToString());
        }
    }

    [TestMethod]
    public void Curve_ContinuousExtension_FallsWithoutJumps()
    {
        using var scope = NewDisposeScope();
        Tensor theta = linspace(0, Math.PI, 20_001, dtype: ScalarType.Float64);
        foreach (double multiplier in new[] { 0.9, 1, 1.35, 2, 4 })
        {
            foreach (double margin in new[] { 0, 0.3, 0.5, 1.2 })
            {
                Tensor step = new AngularMargin(multiplier, margin, MarginExtension.Continuous).Curve(theta).Value.diff();
                Assert.IsLessThan(1e-12, step.max().item<double>(), $"m1 {multiplier}, m2 {margin} rises");
                Assert.IsGreaterThan(-multiplier * Math.PI / 20_000 * 1.01, step.min().item<double>(), $"m1 {multiplier}, m2 {margin} jumps");
            }
        }
    }

    [TestMethod]
    public void Forward_MarginFractionZero_IsNormSoftmax()
    {
        using var scope = NewDisposeScope();
        manual_seed(8);
        using ClassificationHead margin = new ArcFaceLoss().CreateHead(8, 5, Scale), plain = new NormSoftmaxLoss().CreateHead(8, 5, Scale);
        using (no_grad())
        {
            plain.Centers.copy_(margin.Centers);
        }

        margin.MarginFraction = 0;
        Tensor embeddings = randn(6, 8), labels = tensor(new long[] { 0, 1, 2, 3, 4, 0 });
        Assert.AreEqual(plain.forward(embeddings, labels).item<float>(), margin.forward(embeddings, labels).item<float>());
    }

    [TestMethod]
    public void Violations_ValuesOutOfRange_NameValueAndRange()
    {
        Assert.IsTrue(new ArcFaceLoss(-0.1).Violations().Single().Contains("-0.1", StringComparison.Ordinal));
        Assert.IsTrue(new ArcFaceLoss(double.NaN).Violations().Single().Contains("NaN", StringComparison.Ordinal));
        Assert.HasCount(1, new CombinedMarginLoss(1.35, 0, 0) { Extension = MarginExtension.InsightFace }.Violations().ToArray());
        Assert.HasCount(1, new SoftmaxLoss { Scale = 64 }.Violations().ToArray());
    }
}
