using System.Globalization;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// Chooses thresholds on the impostor pairs: the k-th highest of n cosines (k from 0) is exceeded by k of them, a false match
/// rate of k/n. Below a rate of 10/n, where fewer than ten pairs would decide, the tail is taken for exponential.
/// </summary>
internal static class ThresholdCalibrator
{
    /// <summary>Impostor pairs accepted at least by a threshold that was measured ("rule of ten").</summary>
    public const int LeastAccepted = 10;

    private const int PointsPerDecade = 16;

    /// <summary>Most pairs that the exponential tail is fitted to.</summary>
    private const int TailPairs = 100;

    private const double LowestRate = 1e-12;
    private const double LowerQuantile = 0.025, UpperQuantile = 0.975;

    /// <exception cref="ArgumentOutOfRangeException">The rate is outside of (0, 1).</exception>
    /// <exception cref="InvalidOperationException">There are too few pairs for it.</exception>
    public static void Check(double targetFalseMatchRate, int genuine, int impostors)
    {
        if (!(targetFalseMatchRate > 0 && targetFalseMatchRate < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(targetFalseMatchRate), targetFalseMatchRate, Text($"{nameof(targetFalseMatchRate)} is {targetFalseMatchRate}; it must lie over 0 and below 1, for example 0.001: one in a thousand strangers is accepted."));
        }

        if (Accepted(targetFalseMatchRate, impostors) < LeastAccepted)
        {
            string lowest = impostors > LeastAccepted ? Text($", or ask for a rate of at least {RoundedUp((double)LeastAccepted / impostors):g3}") : "";
            throw new InvalidOperationException(Text(
                $"A false match rate of {targetFalseMatchRate} cannot be calibrated on {impostors} impostor pairs; it takes at least 10/rate = {Math.Ceiling((LeastAccepted / targetFalseMatchRate) - 1e-6):0}. Give more pairs of different people (faces.AllPairs pairs every picture with every other){lowest}."));
        }

        if (genuine == 0)
        {
            throw new InvalidOperationException("There are no pairs of the same person; it takes some to tell how many of them a threshold refuses. Give people with two or more pictures each.");
        }
    }

    public static VerificationThreshold Calibrate(CalibrationPairs pairs, double targetFalseMatchRate, int seed)
    {
        ImpostorPair[] impostors = pairs.Impostors;
        int count = impostors.Length;
        Check(targetFalseMatchRate, pairs.Genuine.Length, count);
        int[] accepted = MeasurableCounts(impostors, targetFalseMatchRate);
        if (accepted.Length == 0)
        {
            throw new InvalidOperationException(Text(
                $"More than {targetFalseMatchRate:P2} of the {count} impostor pairs have the greatest cosine of all, {impostors[0].Cosine:0.####}, so that no threshold keeps the rate. Look for pictures that occur under two labels, and whether the model tells people apart at all."));
        }

        double[] rates = [.. accepted.Select(k => (double)k / count)];
        double[] lower = [.. LowerRates(rates[^1])];
        var estimator = new ThresholdEstimator(rates, lower, (double)Math.Clamp(count / 10, LeastAccepted, TailPairs) / count);
        double[] cosines = estimator.Estimate(impostors);
        double[][] resampled = PersonBootstrap.Resample(pairs, estimator, seed);

        ThresholdPoint[] points = [.. rates.Concat(lower).Select((rate, i) => new ThresholdPoint(
            rate, cosines[i], Quantile(resampled[i], LowerQuantile), Quantile(resampled[i], UpperQuantile), FalseNonMatchRate(pairs.Genuine, cosines[i])))];
        var curve = new ThresholdCurve(targetFalseMatchRate, pairs.Genuine.Length, count, pairs.PersonCount, points[..rates.Length], points[rates.Length..], pairs.TrainedOnPeople);
        return new VerificationThreshold(curve, gallerySize: 1);
    }

    /// <summary>How many impostor pairs are accepted at each threshold that is kept: at most the target's, falling to ten.</summary>
    private static int[] MeasurableCounts(ImpostorPair[] impostors, double targetFalseMatchRate)
    {
        int most = Accepted(targetFalseMatchRate, impostors.Length);
        double step = Math.Pow(10, -1.0 / PointsPerDecade);
        var counts = new List<int>();
        for (double k = most; k > LeastAccepted; k *= step)
        {
            counts.Add((int)k);
        }

        counts.Add(LeastAccepted);

        // Pairs of the same cosine are accepted together or not at all.
        return [.. counts.Select(k => FirstOf(impostors, k)).Where(k => k > 0).Distinct()];
    }

    private static int FirstOf(ImpostorPair[] impostors, int index)
    {
        while (index > 0 && impostors[index - 1].Cosine == impostors[index].Cosine)
        {
            index--;
        }

        return index;
    }

    private static IEnumerable<double> LowerRates(double measured)
    {
        double rate = measured;
        do
        {
            rate /= 10;
            yield return rate;
        }
        while (rate > LowestRate);
    }

    /// <summary>To three digits.</summary>
    private static double RoundedUp(double rate)
    {
        double unit = Math.Pow(10, Math.Floor(Math.Log10(rate)) - 2);
        return Math.Ceiling((rate / unit) - 1e-9) * unit;
    }

    private static double FalseNonMatchRate(double[] genuine, double cosine)
    {
        int at = Array.BinarySearch(genuine, double.BitIncrement(cosine));
        at = at < 0 ? ~at : Array.IndexOf(genuine, genuine[at]);
        return (double)at / genuine.Length;
    }

    private static double Quantile(double[] values, double share)
    {
        double place = share * (values.Length - 1);
        int before = (int)place;
        return double.Lerp(values[before], values[Math.Min(before + 1, values.Length - 1)], place - before);
    }

    /// <summary>Whole pairs, with room for the rounding of the product.</summary>
    private static int Accepted(double rate, int impostors) => (int)((rate * impostors) + 1e-9);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
