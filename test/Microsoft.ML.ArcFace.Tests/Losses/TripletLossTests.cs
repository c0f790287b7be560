using FsCheck;
using FsCheck.Fluent;
using Microsoft.ML.ArcFace.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

[TestClass]
public class TripletLossTests
{
    private static readonly FaceLoss[] AllLosses =
    [
        .. from mining in Enum.GetValues<TripletMining>()
           from soft in new[] { false, true }
           from angular in new[] { false, true }
           select (FaceLoss)(angular ? new AngularTripletLoss { Mining = mining, SoftMargin = soft } : new TripletLoss { Mining = mining, SoftMargin = soft }),
    ];

    [TestMethod]
    public void Forward_AnyBatch_IsThatOfThreeNestedLoops() =>
        Prop.ForAll(Gen.Choose(0, 100_000).ToArbitrary(), seed =>
        {
            using var scope = NewDisposeScope();
            manual_seed(seed);
            var random = new Random(seed);
            long[] labels = [.. Enumerable.Range(0, random.Next(2, 9)).Select(_ => (long)random.Next(3))];
            Tensor embeddings = randn(labels.Length, 4, dtype: ScalarType.Float64);
            return Array.TrueForAll(AllLosses, loss =>
            {
                using LossHead head = loss.CreateHead(4, 3, 1);
                return Math.Abs(Naive(loss, embeddings, labels) - head.forward(embeddings, tensor(labels)).item<double>()) < 1e-10;
            });
        }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void Forward_Gradient_AgreesWithFiniteDifferences()
    {
        manual_seed(4);
        foreach (FaceLoss loss in AllLosses)
        {
            using var scope = NewDisposeScope();
            using LossHead head = loss.CreateHead(5, 3, 1);
            Tensor embeddings = randn(9, 5, dtype: ScalarType.Float64, requires_grad: true), direction = randn(9, 5, dtype: ScalarType.Float64);
            Tensor labels = arange(9).remainder(3);
            head.forward(embeddings, labels).backward();
            double actual = (embeddings.grad! * direction).sum().item<double>();
            double expected = (At(1e-6) - At(-1e-6)) / 2e-6;
            Assert.AreEqual(expected, actual, 1e-6 * Math.Max(1, Math.Abs(expected)), loss.ToString());

            double At(double distance)
            {
                using var noGradient = no_grad();
                return head.forward(embeddings.detach() + (distance * direction), labels).item<double>();
            }
        }
    }

    [TestMethod]
    public void Forward_NoTriplets_IsZeroWithAZeroGradient()
    {
        foreach (FaceLoss loss in AllLosses)
        {
            // One person, and nobody twice.
            foreach (long[] labels in new long[][] { [0, 0, 0], [0, 1, 2] })
            {
                using var scope = NewDisposeScope();
                using LossHead head = loss.CreateHead(4, 3, 1);
                Tensor embeddings = randn(3, 4, requires_grad: true);
                Tensor value = head.forward(embeddings, tensor(labels));
                value.backward();
                Assert.AreEqual(0f, value.item<float>(), loss.ToString());
                Assert.AreEqual(0f, embeddings.grad!.abs().max().item<float>(), loss.ToString());
            }
        }
    }

    [TestMethod]
    public void Forward_EqualAndOppositeEmbeddings_GradientIsFinite()
    {
        foreach (FaceLoss loss in AllLosses)
        {
            using var scope = NewDisposeScope();
            using LossHead head = loss.CreateHead(3, 2, 1);
            Tensor embeddings = tensor(new float[] { 1, 0, 0, 1, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0 }, [5, 3]).requires_grad_();
            Tensor value = head.forward(embeddings, tensor(new long[] { 0, 0, 1, 1, 1 }));
            value.backward();
            Assert.IsTrue(float.IsFinite(value.item<float>()), loss.ToString());
            Assert.IsTrue(embeddings.grad!.isfinite().all().item<bool>(), loss.ToString());
        }
    }

    [TestMethod]
    public void Forward_ManyTimes_LeavesNoTensorBehind()
    {
        foreach (FaceLoss loss in AllLosses)
        {
            using LossHead head = loss.CreateHead(4, 3, 1);
            using Tensor embeddings = randn(6, 4, requires_grad: true), labels = tensor(new long[] { 0, 0, 1, 1, 2, 2 });
            long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            for (int i = 0; i < 3; i++)
            {
                using Tensor value = head.forward(embeddings, labels);
                value.backward();
            }

            embeddings.grad!.Dispose();
            Assert.IsLessThanOrEqualTo(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount, loss.ToString());
        }
    }

    [TestMethod]
    public void ClassCenters_OfTriplets_AreTheMeanDirections()
    {
        using var scope = NewDisposeScope();
        using LossHead head = new TripletLoss().CreateHead(2, 3, 1);
        Tensor first = tensor(new float[] { 1, 0, 0, 1 }, [2, 2]), second = tensor(new float[] { 0, 1 }, [1, 2]);
        Tensor centers = head.ClassCenters([new EmbeddedBatch(first, tensor(new long[] { 0, 2 })), new EmbeddedBatch(second, tensor(new long[] { 0 }))]);
        float half = (float)Math.Sqrt(0.5);
        Assert.IsLessThan(1e-6f, (centers - tensor(new[] { half, half, 0, 0, 0, 1 }, [3, 2])).abs().max().item<float>());
    }

    private static double Naive(FaceLoss loss, Tensor embeddings, long[] labels)
    {
        (double margin, TripletMining mining, bool soft, bool angular) = loss switch
        {
            TripletLoss l => (l.Margin, l.Mining, l.SoftMargin, false),
            AngularTripletLoss l => (l.MarginRadians, l.Mining, l.SoftMargin, true),
            _ => throw new AssertFailedException(),
        };
        double[][] x = [.. embeddings.data<double>().ToArray().Chunk(4).Select(row => row.Select(v => v / Math.Sqrt(row.Sum(w => w * w))).ToArray())];
        double Distance(int a, int b) => angular
            ? Math.Acos(Math.Clamp(x[a].Zip(x[b], (v, w) => v * w).Sum(), -1, 1))
            : Math.Sqrt(x[a].Zip(x[b], (v, w) => (v - w) * (v - w)).Sum());

        var differences = new List<double>();
        for (int a = 0; a < labels.Length; a++)
        {
            int[] positives = [.. Enumerable.Range(0, labels.Length).Where(i => i != a && labels[i] == labels[a])];
            int[] negatives = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] != labels[a])];
            if (positives.Length == 0 || negatives.Length == 0)
            {
                continue;
            }

            foreach (int p in mining == TripletMining.BatchHard ? [positives.MaxBy(p => Distance(a, p))] : positives)
            {
                IEnumerable<int> chosen = mining switch
                {
                    TripletMining.All => negatives,
                    TripletMining.BatchHard => [negatives.MinBy(n => Distance(a, n))],
                    _ => negatives.Where(n => Distance(a, n) > Distance(a, p)).OrderBy(n => Distance(a, n)).Take(1),
                };
                differences.AddRange(chosen.Select(n => Distance(a, p) - Distance(a, n)));
            }
        }

        double[] active = [.. differences.Select(d => soft ? Math.Log(1 + Math.Exp(d)) : d + margin).Where(cost => cost > 0)];
        return active.Length == 0 ? 0 : active.Average();
    }
}
