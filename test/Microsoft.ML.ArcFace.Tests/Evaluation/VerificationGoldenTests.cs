using System.Globalization;
using System.Text.Json;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class VerificationGoldenTests
{
    [TestMethod]
    [RequiresGolden("evaluation.json")]
    public void Evaluate_GoldenCosines_EveryPublishedNumberAgrees()
    {
        using JsonDocument golden = GoldenFiles.ReadJson("evaluation.json");
        double[][] embeddings = [.. golden.RootElement.GetProperty("embeddings").EnumerateArray().Select(Numbers)];
        bool[] isSame = IsSame(golden.RootElement);
        double[] cosines = [.. isSame.Select((_, i) => Cosine(embeddings[2 * i], embeddings[(2 * i) + 1]))];

        VerificationMetrics metrics = VerificationEvaluator.Evaluate(cosines, isSame, FoldsInOrder(golden.RootElement));

        AssertAgrees(golden.RootElement, metrics, 1e-9);
    }

    [TestMethod]
    [RequiresGolden("evaluation.json")]
    public void Evaluate_GoldenEmbeddingsInSinglePrecision_EveryPublishedNumberAgrees()
    {
        using JsonDocument golden = GoldenFiles.ReadJson("evaluation.json");
        float[][] embeddings = [.. golden.RootElement.GetProperty("embeddings").EnumerateArray().Select(row => Array.ConvertAll(Numbers(row), v => (float)v))];
        bool[] isSame = IsSame(golden.RootElement);

        VerificationMetrics metrics = VerificationEvaluator.Evaluate(
            [.. isSame.Select((_, i) => embeddings[2 * i])], [.. isSame.Select((_, i) => embeddings[(2 * i) + 1])], isSame, FoldsInOrder(golden.RootElement));

        // Rounding to single precision may swap two neighbouring cosines: one part in genuine × impostor pairs.
        AssertAgrees(golden.RootElement, metrics, 1e-5);
    }

    private static void AssertAgrees(JsonElement golden, VerificationMetrics metrics, double tolerance)
    {
        double[] accuracies = Numbers(golden.GetProperty("accuracy_per_fold"));
        Assert.HasCount(accuracies.Length, metrics.FoldAccuracies);
        for (int fold = 0; fold < accuracies.Length; fold++)
        {
            Assert.AreEqual(accuracies[fold], metrics.FoldAccuracies[fold], 1e-12, $"fold {fold}");
        }

        Assert.AreEqual(golden.GetProperty("accuracy").GetDouble(), metrics.Accuracy, 1e-12);
        Assert.AreEqual(golden.GetProperty("accuracy_std").GetDouble(), metrics.AccuracyStandardDeviation, 1e-12);
        Assert.AreEqual(golden.GetProperty("auc").GetDouble(), metrics.AreaUnderRocCurve, tolerance);
        Assert.AreEqual(golden.GetProperty("eer").GetDouble(), metrics.EqualErrorRate, tolerance);
        foreach (JsonProperty rate in golden.GetProperty("tar_at_far").EnumerateObject())
        {
            double falseAcceptRate = double.Parse(rate.Name, CultureInfo.InvariantCulture);
            if (rate.Value.ValueKind == JsonValueKind.Null)
            {
                Assert.ThrowsExactly<InvalidOperationException>(() => metrics.TrueAcceptRate(falseAcceptRate), rate.Name);
            }
            else
            {
                Assert.AreEqual(rate.Value.GetDouble(), metrics.TrueAcceptRate(falseAcceptRate), tolerance, rate.Name);
            }
        }
    }

    private static bool[] IsSame(JsonElement golden) => [.. golden.GetProperty("issame").EnumerateArray().Select(same => same.GetBoolean())];

    /// <summary>Consecutive folds; the first ones have a pair more where the number of pairs does not divide.</summary>
    private static int[] FoldsInOrder(JsonElement golden)
    {
        int pairs = golden.GetProperty("issame").GetArrayLength(), folds = golden.GetProperty("accuracy_per_fold").GetArrayLength();
        return [.. Enumerable.Range(0, folds).SelectMany(fold => Enumerable.Repeat(fold, (pairs / folds) + (fold < pairs % folds ? 1 : 0)))];
    }

    private static double[] Numbers(JsonElement row) => [.. row.EnumerateArray().Select(v => v.GetDouble())];

    private static double Cosine(double[] a, double[] b) =>
        Math.Clamp(a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(y => y * y)), -1, 1);
}
