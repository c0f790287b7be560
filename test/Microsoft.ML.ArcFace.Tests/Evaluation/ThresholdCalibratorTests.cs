using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class ThresholdCalibratorTests
{
    [TestMethod]
    public void Calibrate_HandComputed_AcceptsAsManyAsTheRateAllows()
    {
        // Impostors 0.00, 0.01, … 0.99: a tenth of them may be accepted, those over 0.89.
        VerificationThreshold threshold = Calibrate(Enumerable.Range(0, 100).Select(i => i / 100.0), [0.5, 0.89, 0.9, 0.95], 0.1);

        Assert.AreEqual(0.89, threshold.Cosine);
        Assert.AreEqual(0.1, threshold.FalseMatchRate, 1e-12);
        Assert.AreEqual(0.5, threshold.FalseNonMatchRate, "0.5 and 0.89 are not greater than the threshold.");
        Assert.IsFalse(threshold.Accepts(0.89));
        Assert.IsTrue(threshold.Accepts(0.9));
        Assert.IsFalse(threshold.Accepts(double.NaN));
        Assert.AreEqual((4, 100, 100, 1), (threshold.GenuinePairCount, threshold.ImpostorPairCount, threshold.PersonCount, threshold.GallerySize));
        Assert.IsFalse(threshold.IsExtrapolated);
    }

    [TestMethod]
    public void Calibrate_AnyScores_IsTheLowestThresholdThatKeepsTheRate()
    {
        var random = new Random(7);
        for (int round = 0; round < 20; round++)
        {
            // Few different values, so that ties occur.
            double[] impostors = [.. Enumerable.Range(0, 400).Select(_ => Math.Round(random.NextDouble() - 0.5, 2))];
            double[] genuine = [.. Enumerable.Range(0, 50).Select(_ => Math.Round(random.NextDouble(), 2))];
            double target = 0.025 + (random.NextDouble() * 0.3);
            VerificationThreshold threshold = Calibrate(impostors, genuine, target);

            double naive = impostors.Distinct().Order().First(candidate => impostors.Count(score => score > candidate) <= target * impostors.Length);
            Assert.AreEqual(naive, threshold.Cosine);
            Assert.AreEqual(impostors.Count(score => score > naive) / 400.0, threshold.FalseMatchRate, 1e-12);
            Assert.AreEqual(genuine.Count(score => score <= naive) / 50.0, threshold.FalseNonMatchRate, 1e-12);
        }
    }

    [TestMethod]
    public void Calibrate_TooFewImpostorPairs_SaysHowManyItTakes()
    {
        double[] impostors = [.. Enumerable.Range(0, 999).Select(i => i / 1000.0)];
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Calibrate(impostors, [0.9], 0.01));
        StringAssert.Contains(error.Message, "999 impostor pairs");
        StringAssert.Contains(error.Message, "1000");
        Calibrate([.. impostors, 0], [0.9], 0.01);

        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Calibrate(impostors, [], 0.1)).Message, "same person");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Calibrate(Enumerable.Repeat(1.0, 100), [1], 0.1)).Message, "greatest cosine");
        foreach (double rate in new[] { 0, 1, -0.1, double.NaN })
        {
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Calibrate(impostors, [0.9], rate));
        }
    }

    [TestMethod]
    public void ForGallerySize_WithinTheData_KeepsTheRateOfTheWholeSearch()
    {
        // 100,000 impostors: a rate of 0.01 can be measured for galleries of up to 100 people.
        double[] impostors = Normal(100_000, mean: 0, deviation: 0.1, seed: 3);
        VerificationThreshold one = Calibrate(impostors, Normal(100, 0.6, 0.1, seed: 4), 0.01);
        VerificationThreshold before = one;
        foreach (int people in new[] { 2, 10, 50, 90 })
        {
            VerificationThreshold gallery = one.ForGallerySize(people);
            double comparison = impostors.Count(score => score > gallery.Cosine) / 100_000.0;
            double identification = 1 - Math.Pow(1 - comparison, people);
            Assert.AreEqual(comparison, gallery.FalseMatchRate, 1e-12);
            Assert.IsTrue(identification is <= 0.01 and > 0.008, $"{identification} for {people} people");
            Assert.IsFalse(gallery.IsExtrapolated);
            Assert.IsGreaterThan(before.Cosine, gallery.Cosine);
            Assert.IsGreaterThanOrEqualTo(before.FalseNonMatchRate, gallery.FalseNonMatchRate);
            Assert.AreEqual((people, 0.01), (gallery.GallerySize, gallery.TargetFalseMatchRate));
            before = gallery;
        }

        Assert.AreEqual(one, before.ForGallerySize(1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => one.ForGallerySize(0));
    }

    [TestMethod]
    public void ForGallerySize_BeyondTheData_IsFlaggedAndFollowsAnExponentialTail()
    {
        // Excesses with mean 0.02: the threshold for a rate r is 0.02 · ln(1/r).
        var random = new Random(5);
        double[] impostors = [.. Enumerable.Range(0, 200_000).Select(_ => -0.02 * Math.Log(1 - random.NextDouble()))];
        VerificationThreshold one = Calibrate(impostors, [0.9], 0.01);
        double last = 0;
        foreach (int people in new[] { 1_000, 10_000, 1_000_000 })
        {
            VerificationThreshold gallery = one.ForGallerySize(people);
            Assert.IsTrue(gallery.IsExtrapolated);
            double expected = 0.02 * Math.Log(people / 0.01);
            Assert.AreEqual(expected, gallery.Cosine, 0.12 * expected);
            Assert.IsTrue(gallery.LowerCosine < gallery.Cosine && gallery.Cosine < gallery.UpperCosine);
            Assert.IsGreaterThan(last, gallery.Cosine);
            last = gallery.Cosine;
        }

        Assert.IsLessThanOrEqualTo(1, one.ForGallerySize(int.MaxValue).Cosine);
    }

    [TestMethod]
    public void Interval_ByPerson_CoversTheTruthWhereOneByPairDoesNot()
    {
        // A pair's score is the sum of its people's effects and of noise: its 90 % quantile is known, but pairs share people.
        const int people = 30, rounds = 40;
        double deviation = Math.Sqrt((0.1 * 0.1 * 2) + (0.05 * 0.05)), truth = 1.2815515655446004 * deviation;

        // As if the 435 pairs were independent: the density of the scores at their 90 % quantile is 0.1755 / deviation.
        double halfWidthByPair = 1.96 * Math.Sqrt(0.1 * 0.9 / 435) / (0.1755 / deviation);
        int covered = 0, coveredByPair = 0;
        for (int round = 0; round < rounds; round++)
        {
            double[] effects = Normal(people, 0, 0.1, seed: 1000 + round), noise = Normal(people * people, 0, 0.05, seed: 2000 + round);
            ImpostorPair[] pairs = [.. from first in Enumerable.Range(0, people)
                                       from second in Enumerable.Range(first + 1, people - first - 1)
                                       select new ImpostorPair(effects[first] + effects[second] + noise[(first * people) + second], first, second)];
            VerificationThreshold threshold = ThresholdCalibrator.Calibrate(new CalibrationPairs(pairs, [1], people), 0.1, seed: round);
            covered += threshold.LowerCosine <= truth && truth <= threshold.UpperCosine ? 1 : 0;
            coveredByPair += Math.Abs(threshold.Cosine - truth) <= halfWidthByPair ? 1 : 0;
        }

        // Quantiles of so few people are skewed: 95 % intervals cover somewhat less.
        Assert.IsTrue(covered >= 0.75 * rounds && coveredByPair <= 0.6 * rounds, $"{covered} and by pair {coveredByPair} of {rounds} intervals cover the truth.");
    }

    [TestMethod]
    public void Calibrate_SameSeed_GivesTheSameThreshold()
    {
        double[] impostors = Normal(2_000, 0, 0.1, seed: 1);
        Assert.AreEqual(Calibrate(impostors, [0.9], 0.01, seed: 3), Calibrate(impostors, [0.9], 0.01, seed: 3));
        Assert.AreNotEqual(Calibrate(impostors, [0.9], 0.01, seed: 3), Calibrate(impostors, [0.9], 0.01, seed: 4));
    }

    [TestMethod]
    public void FromJson_WhatToJsonWrote_IsEqual()
    {
        VerificationThreshold threshold = Calibrate(Normal(2_000, 0, 0.1, seed: 1), Normal(300, 0.5, 0.2, seed: 2), 0.01).ForGallerySize(7);
        Assert.AreEqual(threshold, VerificationThreshold.FromJson(threshold.ToJson()));
        Assert.AreEqual(threshold.GetHashCode(), VerificationThreshold.FromJson(threshold.ToJson()).GetHashCode());
        Assert.AreEqual(threshold.ForGallerySize(100_000), VerificationThreshold.FromJson(threshold.ToJson()).ForGallerySize(100_000));
        Assert.IsLessThan(10_000, threshold.ToJson().Length, "It goes into the header of a model.");
        foreach (string json in new[] { "", "null", "{}", "[]", "7", """{"curve":null,"gallery_size":1}""", threshold.ToJson().Replace("\"cosine\":0", "\"cosine\":7", StringComparison.Ordinal), threshold.ToJson()[..^1] })
        {
            Assert.ThrowsExactly<FormatException>(() => VerificationThreshold.FromJson(json), json);
        }
    }

    private static VerificationThreshold Calibrate(IEnumerable<double> impostors, IEnumerable<double> genuine, double target, int seed = 0)
    {
        // A hundred people in a ring: pair i is of two neighbours.
        ImpostorPair[] pairs = [.. impostors.Select((score, i) => new ImpostorPair(score, i % 100, (i + 1) % 100))];
        return ThresholdCalibrator.Calibrate(new CalibrationPairs(pairs, genuine, personCount: 100), target, seed);
    }

    private static double[] Normal(int count, double mean, double deviation, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => mean + (deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
