using System.Globalization;
using System.Text;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>A point of the ROC curve.</summary>
/// <param name="FalseAcceptRate">Share of pairs of different people that are accepted.</param>
/// <param name="TrueAcceptRate">Share of pairs of the same person that are accepted.</param>
/// <param name="Cosine">Pairs with at least this cosine are accepted; null at the curve's beginning, where none is.</param>
public readonly record struct RocPoint(double FalseAcceptRate, double TrueAcceptRate, double? Cosine)
{
    /// <summary>The area under a whole curve, by trapezoids: the probability that a genuine pair has a greater cosine than an impostor pair, ties counted half.</summary>
    internal static double AreaUnder(IReadOnlyList<RocPoint> curve) =>
        curve.Zip(curve.Skip(1), (a, b) => (b.FalseAcceptRate - a.FalseAcceptRate) * (a.TrueAcceptRate + b.TrueAcceptRate) / 2).Sum();

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(RocPoint), PrintMembers);
}

/// <summary>A point of the DET curve (detection error trade-off, ISO/IEC 19795-1).</summary>
/// <param name="FalseMatchRate">FMR: the share of pairs of different people that are accepted.</param>
/// <param name="FalseNonMatchRate">FNMR: the share of pairs of the same person that are not accepted.</param>
/// <param name="Cosine">Pairs with at least this cosine are accepted; null at the curve's beginning, where none is.</param>
public readonly record struct DetPoint(double FalseMatchRate, double FalseNonMatchRate, double? Cosine)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(DetPoint), PrintMembers);
}

/// <summary>
/// How well embeddings tell pairs of the same person (genuine) from pairs of different people (impostor), by the
/// protocol of Labeled Faces in the Wild (Huang et al., 2007).
/// </summary>
public sealed class VerificationMetrics
{
    // The 97.5 % quantile of the normal distribution.
    private const double NormalQuantile = 1.959963984540054;

    // The false-accept rates of the printed table, strict ones first.
    private static readonly double[] UsualFalseAcceptRates = [0.0001, 0.001, 0.01, 0.1];

    // Those that the verdict may be about where no threshold was calibrated, strict ones first.
    private static readonly double[] VerdictFalseAcceptRates = [0.001, 0.01, 0.1];

    internal VerificationMetrics(double[] foldAccuracies, double[] foldThresholds, double bestThreshold, RocPoint[] rocCurve, int genuinePairCount, int impostorPairCount)
    {
        FoldAccuracies = Array.AsReadOnly(foldAccuracies);
        FoldThresholds = Array.AsReadOnly(foldThresholds);
        BestThreshold = bestThreshold;
        RocCurve = Array.AsReadOnly(rocCurve);
        GenuinePairCount = genuinePairCount;
        ImpostorPairCount = impostorPairCount;
        Accuracy = foldAccuracies.Average();
        AccuracyStandardDeviation = Math.Sqrt(foldAccuracies.Average(a => (a - Accuracy) * (a - Accuracy)));
        AreaUnderRocCurve = RocPoint.AreaUnder(rocCurve);
        RocPoint nearest = rocCurve.MinBy(point => Math.Abs(point.FalseAcceptRate - (1 - point.TrueAcceptRate)));
        EqualErrorRate = (nearest.FalseAcceptRate + 1 - nearest.TrueAcceptRate) / 2;
    }

    /// <summary>
    /// The meaning of the rates for genuine pairs, at one false accept rate: the one that the model's threshold was calibrated for, or, where
    /// there is none or the impostor pairs are too few for it, the smallest of 0.1 %, 1 % and 10 % that they can show. Null
    /// where there are fewer than 10 impostor pairs.
    /// </summary>
    public VerificationVerdict? Verdict =>
        ((double[])[.. Threshold is { } threshold ? [threshold.TargetFalseMatchRate] : Array.Empty<double>(), .. VerdictFalseAcceptRates])
            .Select(rate => TryGetTrueAcceptRate(rate, out double accepted) ? new VerificationVerdict(rate, accepted, GenuinePairCount, ImpostorPairCount) : null)
            .FirstOrDefault(verdict => verdict is not null);

    /// <summary>
    /// The people of these pairs whom the model was trained on, for whom the rates say little about others (docs/evaluation.md); null where
    /// it cannot be told, because the embeddings do not say which model made them, or it does not keep whom it was trained on.
    /// </summary>
    public IReadOnlyList<string>? TrainedOnPeople { get; internal init; }

    /// <summary>The threshold of the model that made the embeddings; null: none, or the model is not known.</summary>
    internal VerificationThreshold? Threshold { get; init; }

    /// <summary>Mean accuracy over the folds, each with the threshold that is best on the others, 0 to 1.</summary>
    public double Accuracy { get; }

    /// <summary>Population standard deviation of the folds' accuracies.</summary>
    public double AccuracyStandardDeviation { get; }

    /// <summary>Accuracy of each fold.</summary>
    public IReadOnlyList<double> FoldAccuracies { get; }

    /// <summary>The threshold each fold was judged by: a squared distance of unit vectors, 0 to 4; below it a pair is accepted.</summary>
    public IReadOnlyList<double> FoldThresholds { get; }

    /// <summary>
    /// The first threshold that is best on all pairs, for use afterwards: a squared distance d of unit vectors, 0 to 4;
    /// as a cosine 1 − d/2. It comes without an accuracy, for it flatters the pairs it was chosen on.
    /// </summary>
    public double BestThreshold { get; }

    /// <summary>Area under the ROC curve, 0 to 1: the probability that a pair of the same person is nearer than one of different people.</summary>
    public double AreaUnderRocCurve { get; }

    /// <summary>(FAR + FRR)/2 at the ROC point where the two are nearest.</summary>
    public double EqualErrorRate { get; }

    /// <summary>The ROC curve from (0, 0) to (1, 1), one point for each different cosine.</summary>
    public IReadOnlyList<RocPoint> RocCurve { get; }

    /// <summary>The DET curve from (0, 1) to (1, 0): the points of <see cref="RocCurve"/> as the two kinds of errors.</summary>
    public IReadOnlyList<DetPoint> DetCurve =>
        field ??= Array.AsReadOnly([.. RocCurve.Select(point => new DetPoint(point.FalseAcceptRate, 1 - point.TrueAcceptRate, point.Cosine))]);

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

    /// <summary>Counts the errors at a threshold: accepted pairs have a greater cosine.</summary>
    /// <param name="cosine">The threshold, −1 to 1.</param>
    internal DetPoint ErrorsAt(double cosine)
    {
        RocPoint last = RocCurve.Last(point => point.Cosine is not { } least || least > cosine);
        return new DetPoint(last.FalseAcceptRate, 1 - last.TrueAcceptRate, cosine);
    }

    /// <summary>The 95 % confidence interval of a rate that was counted (Wilson, 1927).</summary>
    /// <param name="rate">The rate, 0 to 1.</param>
    /// <param name="count">How many were counted, at least 1: the genuine pairs for a true-accept rate.</param>
    /// <returns>The interval's ends, 0 to 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The rate is outside of 0 to 1, or the count below 1.</exception>
    public static RateInterval ConfidenceInterval(double rate, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (!(rate >= 0 && rate <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(rate), rate, "A rate lies between 0 and 1.");
        }

        double squared = NormalQuantile * NormalQuantile;
        double centre = rate + (squared / (2 * count));
        double half = NormalQuantile * Math.Sqrt(((rate * (1 - rate)) + (squared / (4.0 * count))) / count);
        double scale = 1 + (squared / count);
        return new RateInterval(Math.Max((centre - half) / scale, 0), Math.Min((centre + half) / scale, 1));
    }

    /// <summary>The accuracy of saying yes, or no, to every pair, whichever is right more often.</summary>
    internal double ConstantAnswerAccuracy => (double)Math.Max(GenuinePairCount, ImpostorPairCount) / (GenuinePairCount + ImpostorPairCount);

    /// <summary>Says <see cref="Verdict"/> in one sentence, or why there is none.</summary>
    public string VerdictText => Verdict?.ToString()
        ?? Text($"There are too few impostor pairs to say how many genuine pairs would be refused: {ImpostorPairCount}; a false accept rate of 10 % takes 10.");

    /// <summary>What the accuracy is to be held against where most pairs are of one kind; empty where there are as many of each.</summary>
    internal string ConstantAnswer => GenuinePairCount == ImpostorPairCount
        ? ""
        : Text($"; {(GenuinePairCount > ImpostorPairCount ? "yes" : "no")} to every pair would be right for {ConstantAnswerAccuracy:P2}");

    /// <summary>
    /// The verdict in words, whom of these people the model was trained on, and a short table: each rate with its 95 %
    /// confidence interval and the pairs it was counted over. The accuracy comes last, for it depends on how many pairs of each kind there are.
    /// </summary>
    public override string ToString()
    {
        int pairs = GenuinePairCount + ImpostorPairCount;
        var table = new StringBuilder().Append(VerdictText).Append('\n');
        if (TrainedOnPeople is { Count: > 0 } trainedOn)
        {
            table.Append($"{TrainedPeople.Describe(trainedOn)} The rates flatter the model.\n");
        }

        foreach (double falseAcceptRate in UsualFalseAcceptRates)
        {
            // A rate that the pairs cannot measure has no row.
            if (TryGetTrueAcceptRate(falseAcceptRate, out double rate))
            {
                Row(Text($"TAR at FAR {falseAcceptRate:0.####}"), Rate(rate, GenuinePairCount), $"{GenuinePairCount} genuine, {ImpostorPairCount} impostor pairs");
            }
        }

        Row("Equal error rate", Rate(EqualErrorRate, pairs), $"{pairs} pairs");
        Row("Area under ROC curve", Text($"{AreaUnderRocCurve,8:0.0000}"), $"{GenuinePairCount} genuine, {ImpostorPairCount} impostor pairs");
        Row("Accuracy", Rate(Accuracy, pairs), $"{pairs} pairs, {FoldAccuracies.Count} folds, standard deviation {AccuracyStandardDeviation:P2}{ConstantAnswer}");
        return table.ToString().TrimEnd();

        void Row(string name, string value, FormattableString over) => table.Append(Text($"{name,-22}{value,-32}{Text(over)}")).Append('\n');
    }

    private static string Rate(double rate, int count)
    {
        (double lower, double upper) = ConfidenceInterval(rate, count);
        return Text($"{rate,8:P2} [{lower:P2}, {upper:P2}]");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
