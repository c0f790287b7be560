using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class VerificationEvaluatorTests
{
    [TestMethod]
    public void Evaluate_RandomPairs_AgreesWithTheNaiveProtocol()
    {
        var random = new Random(3);
        for (int round = 0; round < 20; round++)
        {
            bool[] isSame = [.. Enumerable.Range(0, 200).Select(i => i % 2 == 0)];

            // Few different values, so that ties occur.
            double[] cosines = [.. isSame.Select(same => Math.Round(Math.Clamp((same ? 0.4 : 0) + (0.4 * (random.NextDouble() - 0.5) * 2), -1, 1), 2))];
            int[] folds = [.. Enumerable.Range(0, 200).Select(i => i / 40)];
            VerificationMetrics metrics = VerificationEvaluator.Evaluate(cosines, isSame, folds);

            double[] expected = [.. Enumerable.Range(0, 5).Select(fold => NaiveFoldAccuracy(cosines, isSame, folds, fold))];
            CollectionAssert.AreEqual(expected, metrics.FoldAccuracies.ToArray());
            double pairsInOrder = 0;
            for (int i = 0; i < 200; i += 2)
            {
                for (int j = 1; j < 200; j += 2)
                {
                    pairsInOrder += cosines[i] > cosines[j] ? 1 : cosines[i] == cosines[j] ? 0.5 : 0;
                }
            }

            Assert.AreEqual(pairsInOrder / 10_000, metrics.AreaUnderRocCurve, 1e-12);
        }
    }

    [TestMethod]
    public void Evaluate_RandomPairs_EqualErrorRateAndTrueAcceptRateAgreeWithTheNaiveOnes()
    {
        var random = new Random(5);
        for (int round = 0; round < 20; round++)
        {
            bool[] isSame = [.. Enumerable.Range(0, 150).Select(i => i % 3 == 0)];
            double[] cosines = [.. isSame.Select(same => Math.Round((same ? 0.3 : 0) + (random.NextDouble() * 0.6), 2))];
            VerificationMetrics metrics = VerificationEvaluator.Evaluate(cosines, isSame, [.. Enumerable.Range(0, 150).Select(i => i % 5)]);

            // Every threshold that parts the pairs differently, the strictest first.
            double[] thresholds = [double.PositiveInfinity, .. cosines.Distinct().OrderDescending()];
            double[] falseAccept = [.. thresholds.Select(t => cosines.Where((cosine, i) => !isSame[i] && cosine >= t).Count() / 100.0)];
            double[] trueAccept = [.. thresholds.Select(t => cosines.Where((cosine, i) => isSame[i] && cosine >= t).Count() / 50.0)];
            double[] distances = [.. falseAccept.Zip(trueAccept, (far, tar) => Math.Abs(far - (1 - tar)))];
            int nearest = Array.IndexOf(distances, distances.Min());
            Assert.AreEqual((falseAccept[nearest] + 1 - trueAccept[nearest]) / 2, metrics.EqualErrorRate, 1e-12);
            foreach (double far in new[] { 0.01, 0.05, 0.1, 1 })
            {
                Assert.AreEqual(trueAccept.Where((_, i) => falseAccept[i] <= far).Max(), metrics.TrueAcceptRate(far), 1e-12);
            }
        }
    }

    [TestMethod]
    public void Evaluate_AllCosinesEqual_IsAGuess()
    {
        VerificationMetrics metrics = VerificationEvaluator.Evaluate([0.5, 0.5, 0.5, 0.5], [true, false, true, false], [0, 0, 1, 1]);

        Assert.AreEqual(0.5, metrics.AreaUnderRocCurve);
        Assert.AreEqual(0.5, metrics.EqualErrorRate);
        Assert.AreEqual(0.5, metrics.Accuracy);
        Assert.HasCount(2, metrics.RocCurve);
        Assert.AreEqual(0, metrics.TrueAcceptRate(0.5));
    }

    [TestMethod]
    public void Evaluate_VectorsOfAnyLength_CountsDirectionsOnly()
    {
        float[][] first = [[1, 0], [1, 0], [0, 5], [0, 5]], second = [[9, 0], [0, 3], [0, 1e-20f], [1e20f, 0]];
        VerificationMetrics metrics = VerificationEvaluator.Evaluate(first, second, [true, false, true, false], [0, 0, 1, 1]);

        Assert.AreEqual(1, metrics.Accuracy);
        Assert.AreEqual(1, metrics.AreaUnderRocCurve);
        Assert.AreEqual(0, metrics.EqualErrorRate);

        // Of the thresholds that are best on the other fold, the first: the first over a distance of 0.
        CollectionAssert.AreEqual(new[] { 0.01, 0.01 }, metrics.FoldThresholds.ToArray());
    }

    [TestMethod]
    public void Evaluate_VectorAndItself_HasDistanceZeroExactly()
    {
        var random = new Random(7);
        float[][] vectors = [.. Enumerable.Range(0, 200).Select(_ => Enumerable.Range(0, 16).Select(_ => random.NextSingle() - 0.5f).ToArray())];
        float[][] others = [.. vectors.Select((vector, i) => i % 2 == 0 ? vector : Array.ConvertAll(vector, v => -v))];
        VerificationMetrics metrics = VerificationEvaluator.Evaluate(
            vectors, others, [.. vectors.Select((_, i) => i % 2 == 0)], [.. vectors.Select((_, i) => i / 20)]);

        Assert.AreEqual(1, metrics.Accuracy);
        Assert.IsTrue(metrics.RocCurve.Skip(1).All(point => point.Cosine is >= -1 and <= 1));
    }

    [TestMethod]
    [DataRow(new float[] { 0, 0 }, "pair 1")]
    [DataRow(new float[] { float.NaN, 1 }, "pair 1")]
    [DataRow(new float[] { float.PositiveInfinity, 1 }, "pair 1")]
    [DataRow(new float[] { 1, 2, 3 }, "2 and 3 numbers")]
    public void Evaluate_EmbeddingWithoutDirectionOrOfAnotherLength_NamesThePair(float[] bad, string expected)
    {
        float[][] first = [[1, 0], [1, 0], [0, 1], [0, 1]], second = [[1, 0], bad, [0, 1], [1, 0]];
        var exception = Assert.ThrowsExactly<ArgumentException>(() => VerificationEvaluator.Evaluate(first, second, [true, false, true, false], [0, 0, 1, 1]));
        StringAssert.Contains(exception.Message, expected);
    }

    [TestMethod]
    public void Evaluate_ListsOfDifferentLengths_Refuses()
    {
        float[][] two = [[1, 0], [0, 1]], three = [[1, 0], [0, 1], [1, 1]];
        Assert.ThrowsExactly<ArgumentException>(() => VerificationEvaluator.Evaluate(two, three, [true, false], [0, 1]));
        Assert.ThrowsExactly<ArgumentException>(() => VerificationEvaluator.Evaluate(two, two, [true, false, true], [0, 1]));
        Assert.ThrowsExactly<ArgumentException>(() => VerificationEvaluator.Evaluate(two, two, [true, false], [0, 1, 1]));
    }

    [TestMethod]
    [DataRow(1.5)]
    [DataRow(double.NaN)]
    public void Evaluate_NumberThatIsNoCosine_Refuses(double cosine) =>
        Assert.ThrowsExactly<ArgumentException>(() => VerificationEvaluator.Evaluate([cosine, 0.8], [true, false], [0, 1]));

    [TestMethod]
    public void Evaluate_OneFold_RefusesAndSaysWhatItTakes()
    {
        var exception = Assert.ThrowsExactly<InvalidOperationException>(() => VerificationEvaluator.Evaluate([0.9, 0.8], [true, false], [3, 3]));
        StringAssert.Contains(exception.Message, "in 1 folds; it takes at least one pair of each kind and 2 folds");
    }

    [TestMethod]
    public void Evaluate_OneKindOfPairs_Refuses() =>
        Assert.ThrowsExactly<InvalidOperationException>(() => VerificationEvaluator.Evaluate([0.9, 0.8], [true, true], [0, 1]));

    [TestMethod]
    public void Evaluate_FoldWithOneKindOfPairs_RefusesAndNamesTheFold()
    {
        var exception = Assert.ThrowsExactly<InvalidOperationException>(
            () => VerificationEvaluator.Evaluate([0.9, 0.1, 0.8, 0.2, 0.3], [true, false, true, false, false], [0, 0, 4, 4, 7]));
        StringAssert.Contains(exception.Message, "1 of 3 folds hold pairs of one kind only, for example fold 7");
    }

    [TestMethod]
    public void BestThreshold_PairsThatCanBeParted_IsTheFirstThatPartsThem()
    {
        // Squared distances 0.2 and 0.4 of the same person, 1.8 and 1.6 of different people.
        VerificationMetrics metrics = VerificationEvaluator.Evaluate([0.9, 0.1, 0.8, 0.2], [true, false, true, false], [0, 0, 1, 1]);
        Assert.AreEqual(0.40, metrics.BestThreshold, 0.0101);
        Assert.IsGreaterThanOrEqualTo(0.40, metrics.BestThreshold);
        Assert.AreEqual(1, metrics.AreaUnderRocCurve);
    }

    [TestMethod]
    public void Evaluate_DistanceOnAThreshold_IsAcceptedByTheNextOneOnly()
    {
        // A cosine of 0 is the squared distance 2 exactly, which is threshold 200 exactly.
        VerificationMetrics metrics = VerificationEvaluator.Evaluate([0, -0.25, 0, -0.25], [true, false, true, false], [0, 0, 1, 1]);
        Assert.AreEqual(201 * 0.01, metrics.BestThreshold);
        CollectionAssert.AreEqual(new[] { 201 * 0.01, 201 * 0.01 }, metrics.FoldThresholds.ToArray());
        Assert.AreEqual(1, metrics.Accuracy);
    }

    private static double NaiveFoldAccuracy(double[] cosines, bool[] isSame, int[] folds, int fold)
    {
        double bestThreshold = 0, best = -1;
        for (int t = 0; t < 400; t++)
        {
            double accuracy = Accuracy(t * 0.01, f => f != fold);
            if (accuracy > best)
            {
                (best, bestThreshold) = (accuracy, t * 0.01);
            }
        }

        return Accuracy(bestThreshold, f => f == fold);

        double Accuracy(double threshold, Func<int, bool> isIn)
        {
            int[] own = [.. Enumerable.Range(0, cosines.Length).Where(i => isIn(folds[i]))];
            return (double)own.Count(i => (2 - (2 * cosines[i]) < threshold) == isSame[i]) / own.Length;
        }
    }
}
