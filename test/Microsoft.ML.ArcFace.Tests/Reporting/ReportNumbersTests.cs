using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Reporting;

namespace Microsoft.ML.ArcFace.Tests.Reporting;

[TestClass]
public class ReportNumbersTests
{
    private static readonly double Cos10 = Math.Cos(Math.PI / 18), Cos30 = Math.Cos(Math.PI / 6), Cos50 = Math.Cos(5 * Math.PI / 18), Cos80 = Math.Cos(4 * Math.PI / 9);

    [TestMethod]
    public void PersonSummary_PairsByHand_CountsErrorsAndFindsTheNearest()
    {
        // Over 0.7: Ada's 60° and 50° are refused; of the impostors Ada at 60° is taken for Bob twice (30° and 40°).
        PersonSummary[] people = PersonSummary.Of(ReportedPairs.Compared(), ReportedPairs.People(), cosine: 0.7);

        CollectionAssert.AreEqual(new[] { ReportedPairs.Hostile, "Bob", "Cy\u202e\u0001" }, people.Select(person => person.Person).ToArray());
        PersonSummary ada = people[0], bob = people[1], cy = people[2];
        Assert.AreEqual((3, 3, 2, 9, 2), (ada.PictureCount, ada.GenuineCount, ada.FalseNonMatchCount, ada.ImpostorCount, ada.FalseMatchCount));
        Assert.AreEqual(0.5, ada.LowestGenuine!.Value, 1e-6);
        Assert.AreEqual(Cos30, ada.HighestImpostor!.Value, 1e-6);
        Assert.AreEqual("Bob", ada.NearestPerson);
        Assert.AreEqual((2, 1, 0, 8, 2), (bob.PictureCount, bob.GenuineCount, bob.FalseNonMatchCount, bob.ImpostorCount, bob.FalseMatchCount));
        Assert.AreEqual((1, 0, 0, 5, 0), (cy.PictureCount, cy.GenuineCount, cy.FalseNonMatchCount, cy.ImpostorCount, cy.FalseMatchCount));
        Assert.IsNull(cy.LowestGenuine);
        Assert.AreEqual(("Bob", Math.Round(Cos80, 6)), (cy.NearestPerson!, Math.Round(cy.HighestImpostor!.Value, 6)));
    }

    [TestMethod]
    public void CosineHistogram_PairsByHand_SharesSumToOneInTheirBins()
    {
        ComparedPairs compared = ReportedPairs.Compared();
        CosineHistogram histogram = CosineHistogram.Of(compared.Cosines, compared.IsSame);

        Assert.AreEqual(-1, histogram.Start);
        Assert.AreEqual(1, histogram.Genuine.Sum(), 1e-12);
        Assert.AreEqual(1, histogram.Impostor.Sum(), 1e-12);
        Assert.AreEqual(2.0 / 4, histogram.Genuine[BinOf(Cos10)], 1e-12, "Both pairs of 10°.");
        Assert.AreEqual(1.0 / 4, histogram.Genuine[BinOf(Cos50)], 1e-12);
        Assert.AreEqual(0.5, histogram.StartOf(75), 1e-12);

        CosineHistogram edges = CosineHistogram.Of([-1, 1, 0.5, 0.5], [false, true, true, false]);
        Assert.AreEqual(0.5, edges.Genuine[75], "0.5 begins a bin.");
        Assert.AreEqual(0.5, edges.Genuine[99], "1 belongs to the last one.");
        Assert.AreEqual(0.5, edges.Impostor[0]);

        int BinOf(double cosine) => (int)((cosine - histogram.Start) / CosineHistogram.BinWidth);
    }

    [TestMethod]
    public void DetCurve_PairsByHand_IsTheRocCurveAsErrors()
    {
        VerificationMetrics metrics = VerificationEvaluator.Evaluate([0.9, 0.8, 0.7, 0.1, 0.85, 0.05], [true, false, true, false, true, false], [0, 0, 0, 1, 1, 1]);
        (double, double, double?)[] expected = [(0, 1, null), (0, 2 / 3.0, 0.9), (0, 1 / 3.0, 0.85), (1 / 3.0, 1 / 3.0, 0.8), (1 / 3.0, 0, 0.7), (2 / 3.0, 0, 0.1), (1, 0, 0.05)];

        Assert.HasCount(expected.Length, metrics.DetCurve);
        foreach (((double falseMatch, double falseNonMatch, double? cosine), DetPoint point) in expected.Zip(metrics.DetCurve))
        {
            Assert.AreEqual(falseMatch, point.FalseMatchRate, 1e-12);
            Assert.AreEqual(falseNonMatch, point.FalseNonMatchRate, 1e-12);
            Assert.AreEqual(cosine, point.Cosine);
        }
    }

    [TestMethod]
    public void WorstPairs_OfEachKind_ComeFirst()
    {
        ComparedPairs compared = ReportedPairs.Compared();
        Dictionary<string, string> unknown = [];
        int[] impostors = WorstPairs.Find(compared, isSame: false, 2, unknown), genuine = WorstPairs.Find(compared, isSame: true, 2, unknown);

        CollectionAssert.AreEqual(new[] { ("ada/3.jpg", "bob/1.jpg"), ("ada/3.jpg", "bob/2.jpg") }, impostors.Select(i => (compared.Pairs[i].First, compared.Pairs[i].Second)).ToArray());
        CollectionAssert.AreEqual(new[] { ("ada/1.jpg", "ada/3.jpg"), ("ada/2.jpg", "ada/3.jpg") }, genuine.Select(i => (compared.Pairs[i].First, compared.Pairs[i].Second)).ToArray());
        Mistake[] mistakes = WorstPairs.Describe(compared, impostors, 0.8, ReportedPairs.People(), []);
        CollectionAssert.AreEqual(new[] { true, false }, mistakes.Select(mistake => mistake.IsError).ToArray());
        Assert.AreEqual("not shown", mistakes[0].First.Problem);
    }

    [TestMethod]
    public void WorstPairs_PeopleAreKnown_ShowsOnePairOfEachTwoPeople()
    {
        ComparedPairs compared = ReportedPairs.Compared();
        int[] impostors = WorstPairs.Find(compared, isSame: false, 10, ReportedPairs.People()), genuine = WorstPairs.Find(compared, isSame: true, 10, ReportedPairs.People());
        CollectionAssert.AreEqual(
            new[] { ("ada/3.jpg", "bob/1.jpg"), ("bob/2.jpg", "cy/1.jpg"), ("ada/3.jpg", "cy/1.jpg") },
            impostors.Select(i => (compared.Pairs[i].First, compared.Pairs[i].Second)).ToArray(), "The nearest of Ada and Bob, of Bob and Cy, of Ada and Cy.");
        CollectionAssert.AreEqual(
            new[] { ("ada/1.jpg", "ada/3.jpg"), ("bob/1.jpg", "bob/2.jpg") }, genuine.Select(i => (compared.Pairs[i].First, compared.Pairs[i].Second)).ToArray());
    }

    [TestMethod]
    public void EmbeddingMap_PointsOfAPlane_KeepTheirDistances()
    {
        // A plane in five dimensions: the two components hold all variance, and distances between points stay.
        var random = new Random(3);
        (double X, double Y)[] places = [.. Enumerable.Range(0, 40).Select(_ => (0.3 * random.NextDouble(), 0.1 * random.NextDouble()))];
        Dictionary<string, float[]> embeddings = places.Index().ToDictionary(
            place => $"{place.Index:00}", place => UnitVectors.Normalized([(float)place.Item.X, (float)place.Item.Y, 1, 0, 0]));
        EmbeddingMap map = EmbeddingMap.Of(embeddings, 1000)!;

        Assert.HasCount(40, map.Points);
        Assert.IsTrue(map.ExplainedVariance is > 0.99 and <= 1 + 1e-6, $"{map.ExplainedVariance}");
        Assert.AreEqual(0, map.Points.Average(point => point.X), 1e-6, "The map is centred.");
        Assert.AreEqual(0, map.Points.Sum(point => point.X * point.Y), 1e-4, "The components do not correlate.");
        Assert.AreEqual(Distance(embeddings["03"], embeddings["17"]), Math.Sqrt(Math.Pow(map.Points[3].X - map.Points[17].X, 2) + Math.Pow(map.Points[3].Y - map.Points[17].Y, 2)), 0.01);
        Assert.HasCount(10, EmbeddingMap.Of(embeddings, 10)!.Points);
        Assert.IsNull(EmbeddingMap.Of(embeddings.Take(2).ToDictionary(), 1000));
        Assert.IsNull(EmbeddingMap.Of(embeddings.ToDictionary(entry => entry.Key, _ => new float[] { 1, 0 }), 1000), "All alike.");
        CollectionAssert.AreEqual(map.Points, EmbeddingMap.Of(embeddings, 1000)!.Points, "The same each time.");

        static double Distance(float[] first, float[] second) => Math.Sqrt(first.Zip(second, (x, y) => ((double)x - y) * ((double)x - y)).Sum());
    }

    [TestMethod]
    public void PrintableText_WhatTurnsOrHidesText_IsReplaced()
    {
        Assert.AreEqual("a\uFFFDb\uFFFDc\uFFFD", PrintableText.Of("a\u202eb\u0000c\ud800"));
        Assert.AreEqual("Ægir 王 👩‍🚀 O'Hara <b>", PrintableText.Of("Ægir 王 👩‍🚀 O'Hara <b>"));
    }
}
