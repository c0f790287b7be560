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
    public void Evaluate_GoldenEmbeddings_EveryPublishedNumberAgrees()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(GoldenFiles.PathOf("evaluation.json")));
        JsonElement root = golden.RootElement;
        double[][] embeddings = [.. root.GetProperty("embeddings").EnumerateArray().Select(row => row.EnumerateArray().Select(v => v.GetDouble()).ToArray())];
        bool[] isSame = [.. root.GetProperty("issame").EnumerateArray().Select(same => same.GetBoolean())];
        double[] accuracies = [.. root.GetProperty("accuracy_per_fold").EnumerateArray().Select(a => a.GetDouble())];
        double[] cosines = [.. isSame.Select((_, i) => Cosine(embeddings[2 * i], embeddings[(2 * i) + 1]))];
        int[] folds = [.. isSame.Select((_, i) => (int)((long)i * accuracies.Length / isSame.Length))];

        VerificationMetrics metrics = VerificationEvaluator.Evaluate(cosines, isSame, folds);

        for (int fold = 0; fold < accuracies.Length; fold++)
        {
            Assert.AreEqual(accuracies[fold], metrics.FoldAccuracies[fold], 1e-12, $"fold {fold}");
        }

        Assert.AreEqual(root.GetProperty("accuracy").GetDouble(), metrics.Accuracy, 1e-12);
        Assert.AreEqual(root.GetProperty("accuracy_std").GetDouble(), metrics.AccuracyStandardDeviation, 1e-12);
        Assert.AreEqual(root.GetProperty("auc").GetDouble(), metrics.AreaUnderRocCurve, 1e-9);
        Assert.AreEqual(root.GetProperty("eer").GetDouble(), metrics.EqualErrorRate, 1e-9);
        foreach (JsonProperty rate in root.GetProperty("tar_at_far").EnumerateObject())
        {
            Assert.AreEqual(rate.Value.GetDouble(), metrics.TrueAcceptRate(double.Parse(rate.Name, CultureInfo.InvariantCulture)), 1e-9, rate.Name);
        }
    }

    private static double Cosine(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(y => y * y));
}
