using Microsoft.ML.ArcFace.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

[TestClass]
public class MarginHeadTests
{
    private const double Scale = 16;
    private const int Classes = 4;

    /// <summary>Angles of embeddings with their own centres, in radians; none where a curve has a kink or a jump.</summary>
    private static readonly double[] TargetAngles = [0.03, 0.2, 0.7, 1.1, 1.6, 2.2, 2.5, Math.PI - 0.2, Math.PI - 0.03];

    [TestMethod]
    public void Forward_ExactGradient_AgreesWithFiniteDifferences()
    {
        const double Step = 1e-6;
        manual_seed(5);
        foreach (FaceLoss loss in MarginSoftmaxCases.AllLosses)
        {
            using var scope = NewDisposeScope();
            using ClassificationHead head = loss.CreateClassificationHead(6, Classes, Scale);
            head.to(ScalarType.Float64);
            SetStatistics(head);
            (Tensor embeddings, Tensor labels) = BatchAtAngles(OwnCenters(loss, head), TargetAngles);
            head.forward(embeddings.requires_grad_(), labels).backward();

            using var noGradient = no_grad();
            Tensor byEmbedding = randn_like(embeddings), byCenter = randn_like(head.Centers) * 0.01;
            if (loss is AdaFaceLoss)
            {
                // Its gradient takes the length for given.
                Tensor unit = nn.functional.normalize(embeddings.detach(), dim: 1);
                byEmbedding -= (byEmbedding * unit).sum(1, keepdim: true) * unit;
            }

            double actual = ((embeddings.grad! * byEmbedding).sum() + (head.Centers.grad! * byCenter).sum()).item<double>();
            double expected = (LossAhead(Step) - LossAhead(-Step)) / (2 * Step);
            Assert.AreEqual(expected, actual, 1e-6 * Math.Max(1, Math.Abs(expected)), loss.ToString());

            double LossAhead(double distance)
            {
                head.Centers.add_(byCenter, distance);
                double value = head.forward(embeddings + (distance * byEmbedding), labels).item<double>();
                head.Centers.add_(byCenter, -distance);
                return value;
            }
        }
    }

    [TestMethod]
    [DataRow(MarginExtension.None)]
    [DataRow(MarginExtension.InsightFace)]
    [DataRow(MarginExtension.Continuous)]
    public void Forward_StraightThrough_GradientByCosineIsScaleTimesProbabilityMinusOne(MarginExtension extension)
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        using ClassificationHead head = new ArcFaceLoss { Extension = extension, Gradient = MarginGradient.StraightThrough }.CreateClassificationHead(8, 8, Scale);
        head.to(ScalarType.Float64);
        using (no_grad())
        {
            // With orthonormal centres the components of a unit embedding are its cosines.
            head.Centers.copy_(eye(8, dtype: ScalarType.Float64));
        }

        double[] angles = [0.3, 1.2, 2.9];
        (Tensor embeddings, Tensor labels) = BatchAtAngles(head.Centers, angles, length: 1);
        head.forward(embeddings.requires_grad_(), labels).backward();

        Tensor cosine = embeddings.detach();
        Tensor logits = Scale * cosine;
        for (int row = 0; row < angles.Length; row++)
        {
            logits[row, labels[row].item<long>()] = Scale * TargetOf(angles[row], extension);
        }

        Tensor byCosine = (nn.functional.softmax(logits, 1) - nn.functional.one_hot(labels, 8).to(ScalarType.Float64)) * Scale / angles.Length;
        // Normalising the embedding leaves the part that does not change its length.
        Tensor tangential = byCosine - ((byCosine * cosine).sum(1, keepdim: true) * cosine);
        Assert.IsLessThan(1e-12, (embeddings.grad! - tangential).abs().max().item<double>());
    }

    [TestMethod]
    [DataRow(ScalarType.Float32, 2)]
    [DataRow(ScalarType.Float32, 256)]
    [DataRow(ScalarType.BFloat16, 2)]
    [DataRow(ScalarType.BFloat16, 256)]
    public void Forward_SpecialAngles_LossAndGradientsAreFiniteAndBounded(ScalarType type, int embeddingSize)
    {
        manual_seed(7);
        double[] fromEnd = [0, 1e-8, 1e-6, 1e-4, 1e-2, 0.3, 0.35, 0.4, 0.5, Math.PI / 2];
        double[] angles = [.. fromEnd, .. fromEnd.Select(angle => Math.PI - angle), .. Enumerable.Range(1, 3).Select(k => k * Math.PI / 4)];
        foreach (FaceLoss loss in MarginSoftmaxCases.AllLosses)
        {
            using var scope = NewDisposeScope();
            using ClassificationHead head = loss.CreateClassificationHead(embeddingSize, 2, 64);
            using (no_grad())
            {
                // Centres of length 1; in two dimensions the cosines of the angles are exact.
                head.Centers.copy_(embeddingSize == 2 ? eye(2).repeat_interleave(head.Centers.shape[0] / 2, 0) : nn.functional.normalize(head.Centers, dim: 1));
            }

            (Tensor doubles, Tensor labels) = BatchAtAngles(OwnCenters(loss, head).to(ScalarType.Float64), angles, length: 1);
            head.to(type);
            Tensor embeddings = doubles.to(type).detach().requires_grad_();
            Tensor value = head.forward(embeddings, labels);
            value.backward();

            // By the angle no logit is steeper than s·m₁ with m₁ at most 4: the poles of 1/sin θ must not show.
            AssertBounded(value, 1000, loss);
            AssertBounded((embeddings.grad! * angles.Length).norm(1), 64 * 5, loss);
            AssertBounded(head.Centers.grad!.norm(1), 64 * 5, loss);
        }
    }

    [TestMethod]
    public void Forward_EmbeddingOfZeros_LossAndGradientsAreFinite()
    {
        foreach (FaceLoss loss in MarginSoftmaxCases.AllLosses)
        {
            using var scope = NewDisposeScope();
            using ClassificationHead head = loss.CreateClassificationHead(4, 3, Scale);
            Tensor value = head.forward(zeros(2, 4, requires_grad: true), tensor(new long[] { 0, 2 }));
            value.backward();
            AssertBounded(value, 1000, loss);
            AssertBounded(head.Centers.grad!, double.MaxValue, loss);
        }
    }

    [TestMethod]
    [DataRow(MarginExtension.None)]
    [DataRow(MarginExtension.InsightFace)]
    [DataRow(MarginExtension.Continuous)]
    public void Forward_SteepSlope_LossKeepsItsDigits(MarginExtension extension)
    {
        using var scope = NewDisposeScope();
        using ClassificationHead head = new ArcFaceLoss { Extension = extension }.CreateClassificationHead(2, 2, 64);
        using (no_grad())
        {
            head.Centers.copy_(eye(2));
        }

        // Opposite its centre an embedding has the logits 64·target and 0, of which the first adds nothing to the sum.
        Tensor loss = head.forward(tensor(new float[] { -1, 0 }, [1, 2]), zeros(1, dtype: ScalarType.Int64));
        Assert.AreEqual(-64 * TargetOf(Math.PI, extension), loss.item<float>(), 2e-5);
    }

    /// <summary>One centre for each class.</summary>
    private static Tensor OwnCenters(FaceLoss loss, ClassificationHead head) =>
        loss is SubCenterArcFaceLoss { SubCenters: var count } ? head.Centers.detach()[TensorIndex.Slice(0, null, count)] : head.Centers;

    /// <summary>Running statistics as in the middle of training, for embeddings of lengths around 1.</summary>
    private static void SetStatistics(ClassificationHead head)
    {
        using var noGradient = no_grad();
        foreach ((string name, double value) in new[] { ("length_mean", 1.1), ("length_deviation", 0.3), ("target_cosine", 0.3) })
        {
            if (head.state_dict().TryGetValue(name, out Tensor? statistic))
            {
                statistic.fill_(value);
            }
        }
    }

    /// <summary>Embeddings at the given angles from the centres of their labels 0, 1, 2, …, otherwise in random directions.</summary>
    private static (Tensor Embeddings, Tensor Labels) BatchAtAngles(Tensor centers, double[] angles, double? length = null)
    {
        using var noGradient = no_grad();
        Tensor labels = arange(angles.Length).remainder(centers.shape[0]);
        Tensor own = nn.functional.normalize(centers.detach().index_select(0, labels), dim: 1);
        Tensor across = randn_like(own);
        across = nn.functional.normalize(across - ((across * own).sum(1, keepdim: true) * own), dim: 1);
        Tensor theta = tensor(angles).unsqueeze(1);
        Tensor lengths = length is { } one ? full_like(theta, one) : rand_like(theta) + 0.5;
        return (lengths * ((theta.cos() * own) + (theta.sin() * across)), labels);
    }

    /// <summary>ArcFace's target at margin 0.5, written out.</summary>
    private static double TargetOf(double theta, MarginExtension extension) => extension switch
    {
        _ when theta + 0.5 < Math.PI => Math.Cos(theta + 0.5),
        MarginExtension.None => Math.Cos(theta + 0.5),
        MarginExtension.InsightFace => Math.Cos(theta) - (0.5 * Math.Sin(0.5)),
        MarginExtension.Continuous => -Math.Cos(theta + 0.5) - 2,
        _ => throw new AssertFailedException($"No target is written out for {extension}."),
    };

    private static void AssertBounded(Tensor values, double bound, FaceLoss loss)
    {
        using Tensor largest = values.to(ScalarType.Float64).abs().max();
        Assert.IsTrue(largest.item<double>() <= bound, $"{loss}: {largest.item<double>()} of at most {bound}");
    }
}
