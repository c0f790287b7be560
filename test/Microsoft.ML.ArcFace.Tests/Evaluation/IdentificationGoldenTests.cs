using System.Globalization;
using System.Text.Json;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class IdentificationGoldenTests
{
    [TestMethod]
    [RequiresGolden("evaluation.json")]
    public void Evaluate_GoldenGallery_EveryPublishedNumberAgrees()
    {
        using JsonDocument golden = GoldenFiles.ReadJson("evaluation.json");
        JsonElement cases = golden.RootElement.GetProperty("identification");
        int[] owners = [.. cases.GetProperty("mated_owner").EnumerateArray().Select(owner => owner.GetInt32())];
        (string, double[])[] gallery = [.. Rows(cases, "gallery").Select((row, index) => (Name(index), row))];
        (string, double[])[] mated = [.. Rows(cases, "mated").Select((row, index) => (Name(owners[index]), row))];
        (string, double[])[] nonMated = [.. Rows(cases, "non_mated").Select((row, index) => ($"stranger {index}", row))];

        IdentificationMetrics metrics = IdentificationEvaluator.Evaluate([.. mated, .. nonMated], gallery);

        Assert.AreEqual((mated.Length, nonMated.Length, gallery.Length, gallery.Length),
            (metrics.MatedProbeCount, metrics.NonMatedProbeCount, metrics.GalleryPersonCount, metrics.GalleryTemplateCount));
        foreach (JsonProperty rank in cases.GetProperty("cmc").EnumerateObject())
        {
            Assert.AreEqual(rank.Value.GetDouble(), metrics.IdentificationRate(int.Parse(rank.Name, CultureInfo.InvariantCulture)), 1e-12, $"rank {rank.Name}");
        }

        foreach (JsonProperty rate in cases.GetProperty("tpir_at_fpir").EnumerateObject())
        {
            double falsePositiveRate = double.Parse(rate.Name, CultureInfo.InvariantCulture);
            if (rate.Value.ValueKind == JsonValueKind.Null)
            {
                Assert.ThrowsExactly<InvalidOperationException>(() => metrics.TruePositiveIdentificationRate(falsePositiveRate), rate.Name);
                continue;
            }

            IdentificationPoint point = metrics.PointAt(falsePositiveRate);
            Assert.AreEqual(rate.Value.GetProperty("threshold").GetDouble(), point.Cosine, 1e-9, $"threshold at {rate.Name}");
            Assert.AreEqual(rate.Value.GetProperty("tpir").GetDouble(), point.TruePositiveIdentificationRate, 1e-12, $"TPIR at {rate.Name}");
            if (falsePositiveRate * nonMated.Length >= 1)
            {
                Assert.AreEqual(point.TruePositiveIdentificationRate, metrics.TruePositiveIdentificationRate(falsePositiveRate), rate.Name);
            }
        }
    }

    private static string Name(int person) => person.ToString(CultureInfo.InvariantCulture);

    private static double[][] Rows(JsonElement cases, string name) =>
        [.. cases.GetProperty(name).EnumerateArray().Select(row => row.EnumerateArray().Select(value => value.GetDouble()).ToArray())];
}
