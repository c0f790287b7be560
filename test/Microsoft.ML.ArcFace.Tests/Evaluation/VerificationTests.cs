using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class VerificationTests
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
    public void TrueAcceptRate_TooFewImpostors_RefusesAndSaysHowManyItTakes()
    {
        VerificationMetrics metrics = VerificationEvaluator.Evaluate([0.9, 0.1, 0.8, 0.2], [true, false, true, false], [0, 0, 1, 1]);
        Assert.AreEqual(1, metrics.TrueAcceptRate(0.5));
        var exception = Assert.ThrowsExactly<InvalidOperationException>(() => metrics.TrueAcceptRate(0.01));
        StringAssert.Contains(exception.Message, "at least 100");
        Assert.IsFalse(metrics.TryGetTrueAcceptRate(0.01, out _));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => metrics.TrueAcceptRate(0));
    }

    [TestMethod]
    public void Evaluate_OneKindOfPairs_Refuses() =>
        Assert.ThrowsExactly<InvalidOperationException>(() => VerificationEvaluator.Evaluate([0.9, 0.8], [true, true], [0, 1]));

    [TestMethod]
    public void ConfidenceInterval_HandComputed_Agrees()
    {
        (double lower, double upper) = VerificationMetrics.ConfidenceInterval(0.5, 100);
        Assert.AreEqual(0.4038315, lower, 1e-6);
        Assert.AreEqual(0.5961685, upper, 1e-6);
    }

    [TestMethod]
    [DataRow("", "Line 1")]
    [DataRow("x\ty", "Line 1")]
    [DataRow("1\t1\nAda\t1\n", "Line 2")]
    [DataRow("1\t1\nAda\t1\t2\nAda\t1\tBob\tx\n", "Line 3")]
    [DataRow("1\t1\nAda\t1\t2\n", "Line 3")]
    [DataRow("1\t1\nAda\t1\t2\nAda\t1\tBob\t1\nBob\t1\t2\n", "Line 4")]
    public void Read_MalformedPairs_NamesTheLine(string text, string expected)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            var exception = Assert.ThrowsExactly<FormatException>(() => PairsFile.Read(file));
            StringAssert.Contains(exception.Message, expected);
        }
        finally
        {
            File.Delete(file);
        }
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
