using System.Globalization;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class VerificationMetricsTests
{
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
    public void ConfidenceInterval_HandComputed_Agrees()
    {
        (double lower, double upper) = VerificationMetrics.ConfidenceInterval(0.5, 100);
        Assert.AreEqual(0.4038315, lower, 1e-6);
        Assert.AreEqual(0.5961685, upper, 1e-6);
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.0)]
    public void ConfidenceInterval_RateAtTheEnd_StaysWithinZeroAndOne(double rate)
    {
        (double lower, double upper) = VerificationMetrics.ConfidenceInterval(rate, 7);
        Assert.IsTrue(lower >= 0 && lower <= rate + 1e-15 && rate <= upper + 1e-15 && upper <= 1);
        Assert.IsTrue(upper - lower > 0.1);
    }

    [TestMethod]
    [DataRow(-0.1, 10)]
    [DataRow(1.1, 10)]
    [DataRow(double.NaN, 10)]
    [DataRow(0.5, 0)]
    public void ConfidenceInterval_OutsideOfItsRange_Refuses(double rate, int count) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => VerificationMetrics.ConfidenceInterval(rate, count));

    [TestMethod]
    public void Verdict_PairsByHand_SaysHowManyGenuinePairsAreRefused()
    {
        // 20 genuine pairs at 0.80, 0.79, …, 0.61; one impostor of 100 at 0.775, nine at 0.635, the others far below.
        double[] genuine = [.. Enumerable.Range(0, 20).Select(i => 0.80 - (0.01 * i))], impostors = [0.775, .. Enumerable.Repeat(0.635, 9), .. Enumerable.Repeat(0.1, 90)];
        VerificationMetrics metrics = Metrics(genuine, impostors);

        // At 1 % one impostor may pass: down to the next one at 0.635 there are 17 of 20.
        Assert.AreEqual(new VerificationVerdict(0.01, 0.85, 20, 100), metrics.Verdict);
        StringAssert.StartsWith(metrics.ToString(), "Of 100 genuine pairs, 15 would be refused at a false accept rate of 1 % (TAR 85.00 % [63.96 %, 94.76 %]; 20 genuine, 100 impostor pairs).\nTAR at FAR 0.01");
        DetPoint errors = metrics.ErrorsAt(0.705);
        Assert.AreEqual((0.01, 0.5), (errors.FalseMatchRate, Math.Round(errors.FalseNonMatchRate, 12)), "0.80 to 0.71, ten of 20, and the impostor at 0.775 lie over 0.705.");

        // 50 impostors cannot show 1 %, nine cannot show anything.
        Assert.AreEqual(0.1, Metrics(genuine, impostors[..50]).Verdict!.FalseAcceptRate);
        Assert.IsNull(Metrics(genuine, impostors[..9]).Verdict);
        StringAssert.StartsWith(Metrics(genuine, impostors[..9]).ToString(), "There are too few impostor pairs to say how many genuine pairs would be refused: 9;");

        // The calibrated rate comes first, where the pairs can show it.
        Assert.AreEqual(0.05, Metrics(genuine, impostors, Thresholds.Of(0.4, rate: 0.05)).Verdict!.FalseAcceptRate);
        Assert.AreEqual(0.01, Metrics(genuine, impostors, Thresholds.Of(0.4, rate: 0.0005)).Verdict!.FalseAcceptRate);
    }

    [TestMethod]
    [DataRow(0.15, "Of 100 genuine pairs, 85 would be refused at a false accept rate of 0.1 %")]
    [DataRow(0.999, "Of 1,000 genuine pairs, 1 would be refused")]
    [DataRow(0.9996, "Of 10,000 genuine pairs, 4 would be refused")]
    [DataRow(0.003, "Of 1,000 genuine pairs, 997 would be refused")]
    [DataRow(0.0, "All 5000 genuine pairs would be refused")]
    [DataRow(1.0, "None of the 5000 genuine pairs would be refused")]
    public void Verdict_AnyRate_IsNeitherRoundedToNoneNorToAll(double trueAcceptRate, string expected) =>
        StringAssert.StartsWith(new VerificationVerdict(0.001, trueAcceptRate, 5000, 20_000).ToString(), expected);

    private static VerificationMetrics Metrics(double[] genuine, double[] impostors, VerificationThreshold? threshold = null) => VerificationEvaluator.Evaluate(
        [.. genuine, .. impostors], [.. genuine.Select(_ => true), .. impostors.Select(_ => false)], [.. Enumerable.Range(0, genuine.Length + impostors.Length).Select(i => i % 2)], threshold);

    [TestMethod]
    [DataRow(3, 1, "; yes to every pair would be right for 75.00 %")]
    [DataRow(1, 3, "; no to every pair would be right for 75.00 %")]
    [DataRow(2, 2, "")]
    public void ToString_PairsOfOneKindPrevail_SaysWhatAConstantAnswerGives(int genuine, int impostor, string expected)
    {
        bool[] isSame = [.. Enumerable.Range(0, 2).SelectMany(_ => Enumerable.Repeat(true, genuine).Concat(Enumerable.Repeat(false, impostor)))];
        VerificationMetrics metrics = VerificationEvaluator.Evaluate(
            [.. isSame.Select(same => same ? 0.9 : 0.1)], isSame, [.. isSame.Select((_, i) => i / (genuine + impostor))]);
        StringAssert.EndsWith(metrics.ToString().Split('\n')[^1], "standard deviation 0.00 %" + expected);
    }

    [TestMethod]
    public void ToString_AnyCulture_IsATableOfTheRatesThatCanBeMeasured()
    {
        CultureInfo culture = CultureInfo.CurrentCulture;
        try
        {
            var commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            (commas.NumberFormat.NumberDecimalSeparator, commas.NumberFormat.PercentDecimalSeparator) = (",", ",");
            CultureInfo.CurrentCulture = commas;
            bool[] isSame = [.. Enumerable.Range(0, 40).Select(i => i % 2 == 0)];
            VerificationMetrics metrics = VerificationEvaluator.Evaluate(
                [.. isSame.Select(same => same ? 0.9 : 0.1)], isSame, [.. isSame.Select((_, i) => i / 20)]);

            string[] lines = metrics.ToString().Split('\n');

            Assert.HasCount(5, lines);
            Assert.AreEqual("None of the 20 genuine pairs would be refused at a false accept rate of 10 % (TAR 100.00 % [83.89 %, 100.00 %]; 20 genuine, 20 impostor pairs).", lines[0]);
            StringAssert.StartsWith(lines[1], "TAR at FAR 0.1 ");
            StringAssert.Contains(lines[1], "20 genuine, 20 impostor pairs");
            StringAssert.StartsWith(lines[4], "Accuracy");
            StringAssert.Contains(lines[4], "100.00 %");
            StringAssert.Contains(lines[4], "40 pairs, 2 folds");
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }
}
