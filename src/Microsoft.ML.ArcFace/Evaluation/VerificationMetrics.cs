using System.Globalization;

namespace Microsoft.ML.ArcFace;

/// <summary>A point of the ROC curve.</summary>
/// <param name="FalseAcceptRate">Share of pairs of different people that are accepted.</param>
/// <param name="TrueAcceptRate">Share of pairs of the same person that are accepted.</param>
/// <param name="Cosine">Pairs with at least this cosine are accepted.</param>
public readonly record struct RocPoint(double FalseAcceptRate, double TrueAcceptRate, double Cosine);

/// <summary>How well embeddings tell pairs of the same person from pairs of different people.</summary>
public sealed class VerificationMetrics
{
    // The 97.5 % quantile of the normal distribution.
    private const double NormalQuantile = 1.959963984540054;

    internal VerificationMetrics(IReadOnlyList<double> foldAccuracies, IReadOnlyList<double> foldThresholds, IReadOnlyList<RocPoint> rocCurve, int genuinePairCount, int impostorPairCount)
    {
        FoldAccuracies = foldAccuracies;
        FoldThresholds = foldThresholds;
        RocCurve = rocCurve;
        GenuinePairCount = genuinePairCount;
        ImpostorPairCount = impostorPairCount;
        Accuracy = foldAccuracies.Average();
        AccuracyStandardDeviation = Math.Sqrt(foldAccuracies.Average(a => (a - Accuracy) * (a - Accuracy)));
        AreaUnderRocCurve = rocCurve.Zip(rocCurve.Skip(1), (a, b) => (b.FalseAcceptRate - a.FalseAcceptRate) * (a.TrueAcceptRate + b.TrueAcceptRate) / 2).Sum();
        RocPoint nearest = rocCurve.MinBy(point => Math.Abs(point.FalseAcceptRate - (1 - point.TrueAcceptRate)));
        EqualErrorRate = (nearest.FalseAcceptRate + 1 - nearest.TrueAcceptRate) / 2;
    }

    /// <summary>Mean accuracy over the folds, each with the threshold that is best on the others, 0 to 1.</summary>
    public double Accuracy { get; }

    /// <summary>Population standard deviation of the folds' accuracies.</summary>
    public double AccuracyStandardDeviation { get; }

    /// <summary>Accuracy of each fold.</summary>
    public IReadOnlyList<double> FoldAccuracies { get; }

    /// <summary>The threshold each fold was judged by: a squared distance of unit vectors, 0 to 4; below it a pair is accepted.</summary>
    public IReadOnlyList<double> FoldThresholds { get; }

    /// <summary>Area under the ROC curve, 0 to 1: the probability that a pair of the same person is nearer than one of different people.</summary>
    public double AreaUnderRocCurve { get; }

    /// <summary>(FAR + FRR)/2 at the ROC point where the two are nearest.</summary>
    public double EqualErrorRate { get; }

    /// <summary>The ROC curve from (0, 0) to (1, 1), one point for each different cosine.</summary>
    public IReadOnlyList<RocPoint> RocCurve { get; }

    /// <summary>Pairs of the same person.</summary>
    public int GenuinePairCount { get; }

    /// <summary>Pairs of different people.</summary>
    public int ImpostorPairCount { get; }

    /// <summary>The greatest true-accept rate whose false-accept rate is at most the given one.</summary>
    /// <param name="falseAcceptRate">FAR, over 0 and up to 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is outside of (0, 1].</exception>
    /// <exception cref="InvalidOperationException">There are fewer than 1/FAR impostor pairs: the answer would be a guess.</exception>
    public double TrueAcceptRate(double falseAcceptRate) =>
        TryGetTrueAcceptRate(falseAcceptRate, out double rate)
            ? rate
            : throw new InvalidOperationException(Text(
                $"A false-accept rate of {falseAcceptRate} cannot be measured with {ImpostorPairCount} impostor pairs; it takes at least {Math.Ceiling(1 / falseAcceptRate)}. Give more pairs, or ask for a rate of at least {1.0 / ImpostorPairCount:g3}."));

    /// <summary>As <see cref="TrueAcceptRate"/>, but false where there are too few impostor pairs.</summary>
    /// <param name="falseAcceptRate">FAR, over 0 and up to 1.</param>
    /// <param name="rate">The true-accept rate, or NaN.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is outside of (0, 1].</exception>
    public bool TryGetTrueAcceptRate(double falseAcceptRate, out double rate)
    {
        if (!(falseAcceptRate > 0 && falseAcceptRate <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(falseAcceptRate), falseAcceptRate, "A false-accept rate lies over 0 and up to 1.");
        }

        // Rounded up to whole pairs with room for the rounding of 1/FAR itself.
        bool isMeasurable = ImpostorPairCount * falseAcceptRate >= 1 - 1e-9;
        rate = isMeasurable ? RocCurve.Where(point => point.FalseAcceptRate <= falseAcceptRate).Max(point => point.TrueAcceptRate) : double.NaN;
        return isMeasurable;
    }

    /// <summary>The 95 % confidence interval of a rate that was counted (Wilson, 1927).</summary>
    /// <param name="rate">The rate, 0 to 1.</param>
    /// <param name="count">How many were counted, at least 1.</param>
    public static (double Lower, double Upper) ConfidenceInterval(double rate, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rate);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rate, 1);
        double squared = NormalQuantile * NormalQuantile;
        double centre = rate + (squared / (2 * count));
        double half = NormalQuantile * Math.Sqrt(((rate * (1 - rate)) + (squared / (4.0 * count))) / count);
        double scale = 1 + (squared / count);
        return ((centre - half) / scale, (centre + half) / scale);
    }

    /// <inheritdoc/>
    public override string ToString() => Text(
        $"accuracy {Accuracy:P2} ± {AccuracyStandardDeviation:P2} ({FoldAccuracies.Count} folds), AUC {AreaUnderRocCurve:0.0000}, EER {EqualErrorRate:P2}, {GenuinePairCount} genuine and {ImpostorPairCount} impostor pairs");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
