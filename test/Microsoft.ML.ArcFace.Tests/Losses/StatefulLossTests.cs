using Microsoft.ML.ArcFace.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

/// <summary>What losses keep count of, after several steps of training, against plain loops in double precision.</summary>
[TestClass]
public class StatefulLossTests
{
    private const int Size = 6, Classes = 4, Steps = 7;

    [TestMethod]
    public void Forward_AdaFaceInTraining_MovesLengthStatisticsBeforeTheyAreUsed()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var head = (ClassificationHead)new AdaFaceLoss().CreateHead(Size, Classes, 32).to(ScalarType.Float64);
        double mean = 20, deviation = 100;
        foreach ((double[][] rows, long[] labels) in Batches(length: 15))
        {
            double[] lengths = [.. rows.Select(row => Math.Clamp(Math.Sqrt(row.Sum(v => v * v)), 1e-3, 100))];
            double average = lengths.Average();
            mean = (0.99 * mean) + (0.01 * average);
            deviation = (0.99 * deviation) + (0.01 * Math.Sqrt(lengths.Sum(l => (l - average) * (l - average)) / (lengths.Length - 1)));

            double[][] centers = Rows(head.Centers);
            double expected = rows.Select((row, i) =>
            {
                double quality = Math.Clamp((lengths[i] - mean) / (deviation + 1e-3) * 0.333, -1, 1);
                double[] cosine = [.. centers.Select(center => Math.Clamp(CosineOf(row, center), -0.999, 0.999))];
                cosine[labels[i]] = Math.Cos(Math.Clamp(Math.Acos(cosine[labels[i]]) - (0.4 * quality), 1e-3, Math.PI - 1e-3)) - 0.4 - (0.4 * quality);
                return CrossEntropy(cosine, labels[i], 32);
            }).Average();

            Assert.AreEqual(expected, head.forward(Matrix(rows), tensor(labels)).item<double>(), 1e-10);
            Assert.AreEqual(mean, head.state_dict()["length_mean"].item<double>(), 1e-5);
            Assert.AreEqual(deviation, head.state_dict()["length_deviation"].item<double>(), 1e-5);
        }
    }

    [TestMethod]
    public void Forward_CurricularFaceInTraining_MovesTheTargetCosineBeforeItIsUsed()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        using var head = (ClassificationHead)new CurricularFaceLoss().CreateHead(Size, Classes, 32).to(ScalarType.Float64);
        double t = 0;
        foreach ((double[][] rows, long[] labels) in Batches(length: 1))
        {
            double[][] centers = Rows(head.Centers);
            t = (0.99 * t) + (0.01 * rows.Select((row, i) => CosineOf(row, centers[labels[i]])).Average());
            double expected = rows.Select((row, i) =>
            {
                double theta = Math.Acos(CosineOf(row, centers[labels[i]]));
                double[] cosine = [.. centers.Select(center => CosineOf(row, center)).Select(c => c > Math.Cos(theta + 0.5) ? c * (t + c) : c)];
                cosine[labels[i]] = theta + 0.5 < Math.PI ? Math.Cos(theta + 0.5) : Math.Cos(theta) - (0.5 * Math.Sin(0.5));
                return CrossEntropy(cosine, labels[i], 32);
            }).Average();

            Assert.AreEqual(expected, head.forward(Matrix(rows), tensor(labels)).item<double>(), 1e-10);
            Assert.AreEqual(t, head.state_dict()["target_cosine"].item<double>(), 1e-12);
        }
    }

    [TestMethod]
    public void Forward_CenterLossInTraining_MovesItsCentresAfterTheyAreUsed()
    {
        const double Weight = 0.7, Rate = 0.4;
        using var scope = NewDisposeScope();
        using var term = new CenterTerm(Size, Classes, Weight, Rate);
        term.to(ScalarType.Float64);
        double[][] centers = [.. Enumerable.Range(0, Classes).Select(_ => new double[Size])];
        foreach ((double[][] rows, long[] labels) in Batches(length: 3))
        {
            double expected = Weight * rows.Select((row, i) => 0.5 * row.Zip(centers[labels[i]], (x, c) => (x - c) * (x - c)).Sum()).Average();
            Assert.AreEqual(expected, term.forward(Matrix(rows), zeros(1), tensor(labels)).item<double>(), 1e-10);

            double[][] before = [.. centers.Select(center => center.ToArray())];
            for (int j = 0; j < Classes; j++)
            {
                int[] own = [.. Enumerable.Range(0, rows.Length).Where(i => labels[i] == j)];
                for (int k = 0; k < Size; k++)
                {
                    centers[j][k] -= Rate * own.Sum(i => before[j][k] - rows[i][k]) / (1 + own.Length);
                }
            }

            Assert.IsLessThan(1e-12, (term.state_dict()["feature_centers"] - Matrix(centers)).abs().max().item<double>());
        }
    }

    [TestMethod]
    public void Forward_InEvaluation_ChangesNothing()
    {
        using var scope = NewDisposeScope();
        foreach (FaceLoss loss in MarginSoftmaxCases.AllLosses)
        {
            using ClassificationHead head = loss.CreateClassificationHead(Size, Classes, 16);
            Dictionary<string, Tensor> before = head.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.clone());
            head.forward(randn(8, Size), randint(0, Classes, [8], dtype: ScalarType.Int64));
            foreach ((string name, Tensor value) in head.state_dict())
            {
                Assert.IsTrue(value.Equals(before[name]), $"{loss}: {name}");
            }
        }
    }

    [TestMethod]
    public void Forward_ElasticFace_DrawsMarginsInTrainingWithTheGivenMeanAndDeviation()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using var head = (ClassificationHead)new ElasticFaceLoss(0.5, 0.1).CreateHead(2, 2, 1);
        using (no_grad())
        {
            head.Centers.copy_(eye(2));
        }

        // At 0.3 radians from its centre: logits cos(0.3 + E) and sin(0.3), so that the loss gives E away.
        Tensor embedding = tensor(new[] { (float)Math.Cos(0.3), (float)Math.Sin(0.3) }, [1, 2]);
        double[] margins = [.. Enumerable.Range(0, 4000).Select(_ =>
        {
            using var inner = NewDisposeScope();
            double loss = head.forward(embedding, zeros(1, dtype: ScalarType.Int64)).item<float>();
            return Math.Acos(Math.Sin(0.3) - Math.Log(Math.Exp(loss) - 1)) - 0.3;
        })];
        Assert.AreEqual(0.5, margins.Average(), 0.006);
        Assert.AreEqual(0.1, Math.Sqrt(margins.Average(m => (m - 0.5) * (m - 0.5))), 0.005);
    }

    [TestMethod]
    public void ClassCenters_SubCenters_AreThoseNearestToTheMostPhotographs()
    {
        using var scope = NewDisposeScope();
        using var head = (ClassificationHead)new SubCenterArcFaceLoss(SubCenters: 2).CreateHead(2, 2, 16);
        using (no_grad())
        {
            // Class 0: right and up; class 1: left and down.
            head.Centers.copy_(tensor(new float[] { 3, 0, 0, 3, -2, 0, 0, -2 }, [4, 2]));
        }

        Tensor unit = nn.functional.normalize(tensor(new float[] { 1, 0.1f, 0.1f, 1, 0.2f, 1, -1, 0.1f, -1, 0, 0, -1 }, [6, 2]), dim: 1);
        Tensor centers = head.ClassCenters([new EmbeddedBatch(unit, tensor(new long[] { 0, 0, 0, 1, 1, 1 }))]);
        CollectionAssert.AreEqual(new float[] { 0, 3, -2, 0 }, centers.data<float>().ToArray());
    }

    private static IEnumerable<(double[][] Rows, long[] Labels)> Batches(double length)
    {
        var random = new Random(5);
        for (int step = 0; step < Steps; step++)
        {
            double[][] rows = [.. Enumerable.Range(0, 8).Select(_ => Enumerable.Range(0, Size).Select(_ => length * (random.NextDouble() - 0.5)).ToArray())];
            yield return (rows, [.. rows.Select(_ => (long)random.Next(Classes))]);
        }
    }

    private static double CosineOf(double[] a, double[] b) =>
        a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(y => y * y));

    private static double CrossEntropy(double[] cosine, long label, double scale) =>
        Math.Log(cosine.Sum(c => Math.Exp(scale * (c - cosine[label]))));

    private static Tensor Matrix(double[][] rows) => tensor(rows.SelectMany(row => row).ToArray(), [rows.Length, rows[0].Length]);

    private static double[][] Rows(Tensor matrix) => [.. matrix.detach().data<double>().ToArray().Chunk((int)matrix.shape[1])];
}
