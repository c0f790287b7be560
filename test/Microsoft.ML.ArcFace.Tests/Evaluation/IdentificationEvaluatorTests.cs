using FsCheck;
using FsCheck.Fluent;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class IdentificationEvaluatorTests
{
    // The gallery in the plane, in degrees: Ada at 0 and 40, Bob at 90, Cy at 180.
    private static readonly (string, double[])[] Gallery = [At("Ada", 0), At("Ada", 40), At("Bob", 90), At("Cy", 180)];

    [TestMethod]
    public void Evaluate_SearchesByHand_RanksAndRatesAgree()
    {
        // Mated: rank 1 at 10°, rank 1 at 5°, rank 2 (Bob is nearer), rank 3 at 170°. Not mated: 20°, 30° and 90° from the nearest.
        (string, double[])[] probes = [At("Ada", 50), At("Bob", 95), At("Cy", 120), At("Ada", -150), At("Eve", 70), At("Eve", 150), At("Eve", 270)];

        IdentificationMetrics metrics = IdentificationEvaluator.Evaluate(probes, Gallery);

        CollectionAssert.AreEqual(new[] { 0.5, 0.75, 1 }, metrics.CumulativeMatchCharacteristic.ToArray());
        Assert.AreEqual(0.5, metrics.IdentificationRate());
        Assert.AreEqual(1, metrics.IdentificationRate(10));
        Assert.AreEqual((4, 3, 3, 4), (metrics.MatedProbeCount, metrics.NonMatedProbeCount, metrics.GalleryPersonCount, metrics.GalleryTemplateCount));

        // One false positive of three: the threshold is the second score, cos 30°, and both hits lie over it.
        Assert.IsTrue(metrics.TryGetIdentificationPoint(1 / 3.0, out IdentificationPoint point));
        Assert.AreEqual(Math.Cos(Math.PI / 6), point.Cosine, 1e-12);
        Assert.AreEqual((1 / 3.0, 0.5), (point.FalsePositiveIdentificationRate, point.TruePositiveIdentificationRate));
        Assert.AreEqual(0.5, metrics.TruePositiveIdentificationRate(1));
        StringAssert.Contains(metrics.ToString(), "4 mated probes, 3 people in 4 templates");
    }

    [TestMethod]
    public void Evaluate_FirstButNotOverTheThreshold_IsNotFound()
    {
        // The mate is first at 30°, a stranger at 20°.
        IdentificationMetrics metrics = IdentificationEvaluator.Evaluate([At("Bob", 120), At("Eve", 20), At("Eve", 150)], Gallery);
        Assert.AreEqual(1, metrics.IdentificationRate());
        Assert.AreEqual(0, metrics.TruePositiveIdentificationRate(0.5));
    }

    [TestMethod]
    public void TruePositiveIdentificationRate_TooFewStrangers_RefusesAndSaysHowManyItTakes()
    {
        IdentificationMetrics metrics = IdentificationEvaluator.Evaluate([At("Ada", 0), At("Eve", 20)], Gallery);
        Assert.AreEqual(1, metrics.TruePositiveIdentificationRate(1));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => metrics.TruePositiveIdentificationRate(0.01)).Message, "at least 100");
        Assert.IsFalse(metrics.TryGetIdentificationPoint(0.01, out _));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => metrics.TruePositiveIdentificationRate(0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => metrics.IdentificationRate(0));
    }

    [TestMethod]
    public void Evaluate_ClosedSet_HasNoFalsePositiveRate()
    {
        IdentificationMetrics metrics = IdentificationEvaluator.Evaluate([At("Ada", 0)], Gallery);
        Assert.IsFalse(metrics.TryGetIdentificationPoint(1, out _));
        Assert.AreEqual(1, metrics.IdentificationRate());
    }

    [TestMethod]
    public void Evaluate_AllTheSameEmbedding_FindsNobodyFirst()
    {
        // A network that has collapsed: everybody ties, and a tie is no hit.
        (string, double[])[] same = [("Ada", [1, 1]), ("Bob", [1, 1])];
        CollectionAssert.AreEqual(new[] { 0.0, 1 }, IdentificationEvaluator.Evaluate(same, same).CumulativeMatchCharacteristic.ToArray());
    }

    [TestMethod]
    public void Evaluate_NobodyOfTheGallery_Refuses() =>
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => IdentificationEvaluator.Evaluate([At("Eve", 0)], Gallery)).Message, "None of the 1 probes");

    [TestMethod]
    public void Evaluate_EmbeddingsOfTwoSizes_Refuses() =>
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => IdentificationEvaluator.Evaluate([("Ada", [1, 0, 0])], Gallery)).Message, "2 and 3 numbers");

    [TestMethod]
    public void Evaluate_AnySets_AgreesWithANaiveSearchInAnyOrder() =>
        Prop.ForAll(Gen.Choose(0, 100_000).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            (string Person, double[] Embedding)[] gallery = Draw(random, people: 5, count: 9), probes = Draw(random, people: 8, count: 40);
            if (!probes.Any(probe => gallery.Any(entry => entry.Person == probe.Person)))
            {
                return true;
            }

            IdentificationMetrics metrics = IdentificationEvaluator.Evaluate(probes, gallery);
            random.Shuffle(probes);
            random.Shuffle(gallery);
            IdentificationMetrics shuffled = IdentificationEvaluator.Evaluate([.. probes.Select(probe => (probe.Person, probe.Embedding.Select(value => 3 * value).ToArray()))], gallery);

            // Sort all entries; keep the first of each person.
            var searches = probes.Select(probe => (
                Mate: probe.Person,
                Found: gallery.OrderByDescending(entry => Cosine(probe.Embedding, entry.Embedding)).DistinctBy(entry => entry.Person)
                    .Select(entry => (entry.Person, Score: Cosine(probe.Embedding, entry.Embedding))).ToArray())).ToArray();
            var mated = searches.Where(search => gallery.Any(entry => entry.Person == search.Mate)).ToArray();
            double[] strangers = [.. searches.Except(mated).Select(search => search.Found[0].Score).OrderDescending()];
            bool agrees = Enumerable.Range(1, 5).All(rank =>
                metrics.IdentificationRate(rank) == (double)mated.Count(search => search.Found.Take(rank).Any(entry => entry.Person == search.Mate)) / mated.Length);
            foreach (double rate in new[] { 0.1, 0.25, 0.5 }.Where(rate => rate * strangers.Length >= 1))
            {
                // The naive cosine may differ by an ulp from the threshold that is one of them.
                double threshold = strangers[(int)Math.Floor(rate * strangers.Length)];
                double naive = (double)mated.Count(search => search.Found[0].Person == search.Mate && search.Found[0].Score > threshold) / mated.Length;
                agrees &= metrics.TruePositiveIdentificationRate(rate) == naive && shuffled.TruePositiveIdentificationRate(rate) == naive;
            }

            return agrees && metrics.CumulativeMatchCharacteristic.SequenceEqual(shuffled.CumulativeMatchCharacteristic);
        }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void EvaluateIdentification_Views_ReadsLabelsOfBothKinds()
    {
        var ml = new MLContext(seed: 1);
        IDataView gallery = ml.Data.LoadFromEnumerable(Gallery.Select(entry => new Row { Label = entry.Item1, Embedding = Array.ConvertAll(entry.Item2, value => (float)value) }));
        IDataView probes = ml.Data.LoadFromEnumerable(new[] { new Row { Label = "Cy", Embedding = [-2, 0.1f] }, new Row { Label = "Eve", Embedding = [1, 1] } });
        IDataView keys = ml.Transforms.Conversion.MapValueToKey("Label").Fit(gallery).Transform(gallery);

        IdentificationMetrics metrics = ml.FaceRecognition().EvaluateIdentification(probes, keys);

        Assert.AreEqual((1.0, 1, 1), (metrics.IdentificationRate(), metrics.MatedProbeCount, metrics.NonMatedProbeCount));
    }

    [TestMethod]
    [DataRow("", 1f)]
    [DataRow("Ada", float.NaN)]
    [DataRow("Ada", 0f)]
    public void EvaluateIdentification_RowsThatCannotBeJudged_AreCounted(string label, float value)
    {
        var ml = new MLContext(seed: 1);
        IDataView good = ml.Data.LoadFromEnumerable(new[] { new Row { Label = "Ada", Embedding = [1, 0] } });
        IDataView bad = ml.Data.LoadFromEnumerable(new[] { new Row { Label = "Ada", Embedding = [1, 0] }, new Row { Label = label, Embedding = [value, 0] } });
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => faces.EvaluateIdentification(bad, good)).Message, "1 of the 2 rows of the probes");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => faces.EvaluateIdentification(good, bad)).Message, "1 of the 2 rows of the gallery");
    }

    private static (string, double[]) At(string person, double degrees) => (person, [Math.Cos(degrees * Math.PI / 180), Math.Sin(degrees * Math.PI / 180)]);

    private static (string, double[])[] Draw(Random random, int people, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => ($"person {random.Next(people)}", Enumerable.Range(0, 6).Select(_ => random.NextDouble() - 0.5).ToArray()))];

    private static double Cosine(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(y => y * y));

    private sealed class Row
    {
        public string Label { get; set; } = "";

        [VectorType(2)]
        public float[] Embedding { get; set; } = [];
    }
}
