using System.Globalization;
using Microsoft.ML.ArcFace.Evaluation;

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
    [DataRow(3, 1, "; yes to every pair would be right for 75.00 %")]
    [DataRow(1, 3, "; no to every pair would be right for 75.00 %")]
    [DataRow(2, 2, "")]
    public void ToString_PairsOfOneKindPrevail_SaysWhatAConstantAnswerGives(int genuine, int impostor, string expected)
    {
        bool[] isSame = [.. Enumerable.Range(0, 2).SelectMany(_ => Enumerable.Repeat(true, genuine).Concat(Enumerable.Repeat(false, impostor)))];
        VerificationMetrics metrics = VerificationEvaluator.Evaluate(
            [.. isSame.Select(same => same ? 0.9 : 0.1)], isSame, [.. isSame.Select((_, i) => i / (genuine + impostor))]);
        StringAssert.EndsWith(metrics.ToString().Split('\n')[0], "standard deviation 0.00 %" + expected);
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

            Assert.HasCount(4, lines);
            StringAssert.StartsWith(lines[0], "Accuracy");
            StringAssert.Contains(lines[0], "100.00 %");
            StringAssert.Contains(lines[0], "40 pairs, 2 folds");
            StringAssert.StartsWith(lines[3], "TAR at FAR 0.1 ");
            StringAssert.Contains(lines[3], "20 genuine, 20 impostor pairs");
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }
}
