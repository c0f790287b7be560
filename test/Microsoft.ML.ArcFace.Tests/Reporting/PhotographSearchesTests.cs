using Microsoft.ML.ArcFace.Reporting;

namespace Microsoft.ML.ArcFace.Tests.Reporting;

[TestClass]
public class PhotographSearchesTests
{
    // In the plane, in degrees. Enrolled are Ada at 0, Bob at 90 and Cy at 200; Ada's second photograph is nearer to Bob.
    private static readonly (string Name, string Person, double Degrees)[] Photographs =
        [("ada/1", "Ada", 0), ("ada/2", "Ada", 50), ("bob/1", "Bob", 90), ("bob/2", "Bob", 105), ("bob/3", "Bob", 70), ("cy/1", "Cy", 200), ("nobody", "", 10)];

    [TestMethod]
    public void Evaluate_PhotographsByHand_RanksAndRatesAgree()
    {
        IdentificationMetrics metrics = PhotographSearches.Evaluate(Embeddings(), PersonOf(), mostProbes: 100)!;

        // Mated: ada/2 (40 from Bob, 50 from Ada: rank 2), bob/2 (rank 1 at 15), bob/3 (rank 1 at 20).
        Assert.AreEqual((3, 6, 3, 3), (metrics.MatedProbeCount, metrics.NonMatedProbeCount, metrics.GalleryPersonCount, metrics.GalleryTemplateCount));
        Assert.AreEqual(2 / 3.0, metrics.IdentificationRate(), 1e-12);
        Assert.AreEqual(1, metrics.IdentificationRate(2));

        // The nearest other person of each, in degrees: ada/1 90, ada/2 40, bob/1 90, bob/2 95, bob/3 70, cy/1 110.
        Assert.IsTrue(metrics.TryGetIdentificationPoint(1 / 6.0, out IdentificationPoint strict));
        Assert.AreEqual(Math.Cos(70 * Math.PI / 180), strict.Cosine, 1e-6);
        Assert.AreEqual(2 / 3.0, strict.TruePositiveIdentificationRate, 1e-12);
        Assert.IsTrue(metrics.TryGetIdentificationPoint(0.1, out _) is false, "Six searches show no rate of 10 %.");
    }

    [TestMethod]
    public void ErrorCurve_PhotographsByHand_BeginsWithOneFalsePositive()
    {
        (double FalsePositiveRate, double FalseNegativeRate)[] curve = [.. PhotographSearches.Evaluate(Embeddings(), PersonOf(), mostProbes: 100)!.ErrorCurve()];

        Assert.AreEqual(1 / 6.0, curve[0].FalsePositiveRate, 1e-12, "ada/2 is taken for Bob over cos 70°.");
        Assert.AreEqual(2 / 6.0, curve[1].FalsePositiveRate, 1e-12, "bob/3 for Ada as well.");
        Assert.IsTrue(curve.All(point => Math.Abs(point.FalseNegativeRate - (1 / 3.0)) < 1e-12), "ada/2 is never found first.");
    }

    [TestMethod]
    public void Evaluate_MoreProbesThanAllowed_TakesASample() =>
        Assert.AreEqual(5, PhotographSearches.Evaluate(Embeddings(), PersonOf(), mostProbes: 5)!.NonMatedProbeCount);

    [TestMethod]
    [DataRow(new[] { "ada/1", "ada/2" }, DisplayName = "One person")]
    [DataRow(new[] { "ada/1", "bob/1", "cy/1" }, DisplayName = "One photograph of each")]
    [DataRow(new[] { "nobody" }, DisplayName = "Nobody is known")]
    public void Evaluate_NobodyToFind_GivesNothing(string[] names) =>
        Assert.IsNull(PhotographSearches.Evaluate(Embeddings().Where(entry => names.Contains(entry.Key)).ToDictionary(), PersonOf(), mostProbes: 100));

    private static Dictionary<string, string> PersonOf() => Photographs.ToDictionary(photograph => photograph.Name, photograph => photograph.Person);

    // Of any length: only directions count.
    private static Dictionary<string, float[]> Embeddings() => Photographs.ToDictionary(
        photograph => photograph.Name,
        photograph => new[] { (float)(3 * Math.Cos(photograph.Degrees * Math.PI / 180)), (float)(3 * Math.Sin(photograph.Degrees * Math.PI / 180)) });
}
