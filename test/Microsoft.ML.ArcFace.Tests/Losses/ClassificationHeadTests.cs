using Microsoft.ML.ArcFace.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

[TestClass]
public class ClassificationHeadTests
{
    private const double Scale = 16;

    [TestMethod]
    public void CreateHead_EveryLoss_CentersAreNamedWeightAndDrawnNarrowly()
    {
        foreach (FaceLoss loss in MarginSoftmaxCases.ExactLosses)
        {
            using var scope = NewDisposeScope();
            manual_seed(1);
            using ClassificationHead head = loss.CreateClassificationHead(64, 500, Scale);
            Tensor centers = head.state_dict()["weight"];
            CollectionAssert.AreEqual(new long[] { 500, 64 }, centers.shape);
            Assert.AreEqual(0.01, centers.std().item<float>(), 2e-4, loss.ToString());
            Assert.AreEqual(0, centers.mean().item<float>(), 2e-4, loss.ToString());
        }
    }

    [TestMethod]
    public void LogitsAndCosine_CosineLosses_AreScaledCosinesWithoutMargin()
    {
        using var scope = NewDisposeScope();
        foreach (FaceLoss loss in MarginSoftmaxCases.ExactLosses.Where(loss => loss.HasScale))
        {
            using ClassificationHead head = loss.CreateClassificationHead(6, 4, Scale);
            Tensor embeddings = randn(5, 6);
            Tensor expected = nn.functional.cosine_similarity(embeddings.unsqueeze(1), head.Centers.detach().unsqueeze(0), dim: 2);
            Assert.IsLessThan(1e-6, (head.Cosine(embeddings) - expected).abs().max().item<float>(), loss.ToString());
            Assert.IsLessThan(2e-5, (head.Logits(embeddings) - (Scale * expected)).abs().max().item<float>(), loss.ToString());
        }
    }

    [TestMethod]
    public void Logits_Softmax_AddsTheBias()
    {
        using var scope = NewDisposeScope();
        using ClassificationHead head = new SoftmaxLoss().CreateClassificationHead(6, 4, Scale);
        using var noGradient = no_grad();
        head.state_dict()["bias"].copy_(arange(4));
        Tensor embeddings = randn(5, 6);
        Tensor expected = embeddings.matmul(head.Centers.t()) + arange(4);
        Assert.IsLessThan(1e-6, (head.Logits(embeddings) - expected).abs().max().item<float>());
    }

    [TestMethod]
    public void Cosine_EmbeddingsOnTheirCenters_NeverPassesOne()
    {
        using var scope = NewDisposeScope();
        using ClassificationHead head = new ArcFaceLoss().CreateClassificationHead(512, 200, Scale);
        Assert.IsLessThanOrEqualTo(1f, head.Cosine(head.Centers.detach() * 7).max().item<float>());
    }

    [TestMethod]
    public void Forward_HalfPrecisionEmbeddings_ComputesInSinglePrecision()
    {
        foreach (FaceLoss loss in MarginSoftmaxCases.AllLosses)
        {
            using var scope = NewDisposeScope();
            using ClassificationHead head = loss.CreateClassificationHead(8, 5, Scale);
            Tensor embeddings = randn(6, 8).to(ScalarType.BFloat16), labels = tensor(new long[] { 0, 1, 2, 3, 4, 0 });
            Tensor half = head.forward(embeddings, labels);
            Assert.AreEqual(ScalarType.Float32, half.dtype);
            Assert.AreEqual(head.forward(embeddings.to(ScalarType.Float32), labels).item<float>(), half.item<float>(), loss.ToString());
        }
    }

    [TestMethod]
    public void MarginFraction_Zero_IsTheLossWithoutMargin()
    {
        foreach (FaceLoss loss in MarginSoftmaxCases.ExactLosses.Where(loss => loss.HasScale))
        {
            Assert.AreEqual(LossOf(new NormSoftmaxLoss(), 1), LossOf(loss, 0), loss.ToString());
        }
    }

    [TestMethod]
    public void MarginFraction_NearlyZero_IsNearlyTheLossWithoutMargin()
    {
        // The ramp must not begin with a step.
        foreach (FaceLoss loss in MarginSoftmaxCases.ExactLosses)
        {
            Assert.AreEqual(LossOf(loss, 0), LossOf(loss, 1e-9), 1e-6, loss.ToString());
        }
    }

    [TestMethod]
    public void MarginFraction_Half_IsTheLossWithHalfTheMargins()
    {
        Assert.AreEqual(LossOf(new ArcFaceLoss(0.25), 1), LossOf(new ArcFaceLoss(0.5), 0.5), 1e-12);
        Assert.AreEqual(LossOf(new CosFaceLoss(0.2), 1), LossOf(new CosFaceLoss(0.4), 0.5), 1e-12);
        Assert.AreEqual(LossOf(new CombinedMarginLoss(1.5, 0.25, 0.05), 1), LossOf(new CombinedMarginLoss(2, 0.5, 0.1), 0.5), 1e-12);
        Assert.AreEqual(LossOf(new SphereFaceLoss(2), 1), LossOf(new SphereFaceLoss(3), 0.5), 1e-12);
    }

    [TestMethod]
    [DataRow(-0.01)]
    [DataRow(1.01)]
    [DataRow(double.NaN)]
    public void MarginFraction_OutOfRange_Throws(double fraction)
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new LossStep { MarginFraction = fraction });
    }

    [TestMethod]
    public void Step_SphereFace_AnnealsFromInitialToMinimum()
    {
        var annealed = new SphereFaceLoss();
        // λ = max(5, 1500/(1 + 0.1·step)).
        foreach ((long step, double weight) in new[] { (0L, 1500.0), (90L, 150.0), (2980L, 1500 / 299.0), (100_000L, 5.0) })
        {
            var fixedWeight = new SphereFaceLoss { InitialAnnealing = 0, MinimumAnnealing = weight };
            Assert.AreEqual(LossOf(fixedWeight, 1), LossOf(annealed, 1, step), 1e-12, $"step {step}");
        }
    }

    [TestMethod]
    public void Forward_ManyTimes_LeavesNoTensorBehind()
    {
        foreach (FaceLoss loss in MarginSoftmaxCases.AllLosses)
        {
            long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            using (ClassificationHead head = loss.CreateClassificationHead(8, 5, Scale))
            using (Tensor embeddings = randn(4, 8, requires_grad: true), labels = tensor(new long[] { 0, 1, 2, 3 }))
            {
                long withHead = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
                head.train();
                for (int i = 0; i < 3; i++)
                {
                    using Tensor value = head.forward(embeddings, labels), logits = head.Logits(embeddings), cosine = head.Cosine(embeddings);
                    Assert.AreEqual(withHead + 3, DisposeScopeManager.Statistics.ThreadTotalLiveCount, loss.ToString());
                    value.backward();
                }
            }

            Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount, loss.ToString());
        }
    }

    /// <summary>The loss of one and the same random batch in double precision, some angles beyond π with their margin.</summary>
    private static double LossOf(FaceLoss loss, double marginFraction, long step = 0)
    {
        using var scope = NewDisposeScope();
        manual_seed(8);
        using ClassificationHead head = loss.CreateClassificationHead(8, 5, Scale);
        head.to(ScalarType.Float64);
        Tensor labels = tensor(new long[] { 0, 1, 2, 3, 4, 0 });
        Tensor embeddings = randn(6, 8, dtype: ScalarType.Float64) - (100 * head.Centers.detach().index_select(0, labels));
        return head.forward(embeddings, labels, new LossStep(step) { MarginFraction = marginFraction }).item<double>();
    }
}
