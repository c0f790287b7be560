using System.Globalization;
using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// From which cosine on two faces are taken for the same person, chosen on pairs of different people so that no more than a
/// given share of them is accepted (<c>faces.CalibrateThreshold</c>). It holds for people and photographs like those.
/// </summary>
public sealed record VerificationThreshold
{
    private readonly ThresholdCurve _curve;

    internal VerificationThreshold(ThresholdCurve curve, int gallerySize)
    {
        (_curve, GallerySize) = (curve, gallerySize);
        ThresholdPoint point = curve.At(RateOfOneComparison(curve.TargetFalseMatchRate, gallerySize));
        (FalseMatchRate, Cosine, LowerCosine, UpperCosine, FalseNonMatchRate) = point;
        IsExtrapolated = curve.IsExtrapolated(point);
    }

    /// <summary>The threshold, −1 to 1: two faces are taken for the same person if their cosine is greater.</summary>
    public double Cosine { get; }

    /// <summary>The lower end of the threshold's 95 % interval, by a bootstrap that resamples people.</summary>
    public double LowerCosine { get; }

    /// <summary>The upper end of the threshold's 95 % interval, by a bootstrap that resamples people.</summary>
    public double UpperCosine { get; }

    /// <summary>
    /// The rate that was asked for, over 0 and below 1: how often a stranger may be taken for somebody, compared with one
    /// person (FMR), or with a gallery of <see cref="GallerySize"/> people (FPIR).
    /// </summary>
    public double TargetFalseMatchRate => _curve.TargetFalseMatchRate;

    /// <summary>
    /// The false match rate of one comparison at <see cref="Cosine"/>: as counted on the impostor pairs, or, where
    /// <see cref="IsExtrapolated"/>, as estimated.
    /// </summary>
    public double FalseMatchRate { get; }

    /// <summary>The share of genuine pairs that are not accepted at <see cref="Cosine"/>, 0 to 1.</summary>
    public double FalseNonMatchRate { get; }

    /// <summary>Pairs of the same person that it was measured on.</summary>
    public int GenuinePairCount => _curve.GenuinePairCount;

    /// <summary>Pairs of different people that it was measured on.</summary>
    public int ImpostorPairCount => _curve.ImpostorPairCount;

    /// <summary>People of the pairs.</summary>
    public int PersonCount => _curve.PersonCount;

    /// <summary>
    /// The people of the pairs whom the model was trained on, which had to be allowed: on others more strangers pass than
    /// <see cref="TargetFalseMatchRate"/>. Null where it could not be told.
    /// </summary>
    public IReadOnlyList<string>? TrainedOnPeople => _curve.TrainedOnPeople;

    /// <summary>The meaning of the threshold for genuine pairs, by the pairs that it was measured on.</summary>
    internal VerificationVerdict Verdict => new(TargetFalseMatchRate, 1 - FalseNonMatchRate, GenuinePairCount, ImpostorPairCount);

    /// <summary>The false match rate of one comparison at another cosine; null where it is over <see cref="TargetFalseMatchRate"/>, so that the calibration does not tell it.</summary>
    internal double? FalseMatchRateAt(double cosine) => _curve.RateAt(cosine);

    /// <summary>People that a face is compared with at once; 1 for the verification of a pair.</summary>
    public int GallerySize { get; }

    /// <summary>
    /// Whether so low a false match rate lies beyond what the impostor pairs can show (10 of them accepted), so that the
    /// threshold follows from the shape of their greatest cosines: an estimate that more impostor pairs would replace.
    /// </summary>
    public bool IsExtrapolated { get; }

    /// <summary>Whether two faces with this cosine are taken for the same person.</summary>
    /// <param name="cosine">The cosine of their embeddings, −1 to 1; NaN is not accepted.</param>
    public bool Accepts(double cosine) => cosine > Cosine;

    /// <summary>
    /// The threshold that keeps <see cref="TargetFalseMatchRate"/> when a face is compared with a gallery. A stranger is taken for
    /// one of N people with the probability FPIR(N) = 1 − (1 − FMR)^N, comparisons being taken as independent; so the single
    /// comparison must be stricter, and more so the more people there are.
    /// </summary>
    /// <param name="people">People in the gallery, 1 or more.</param>
    /// <returns>The threshold, <see cref="IsExtrapolated"/> where the impostor pairs are too few to measure it.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="people"/> is below 1.</exception>
    public VerificationThreshold ForGallerySize(int people)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(people, 1);
        return people == GallerySize ? this : new VerificationThreshold(_curve, people);
    }

    /// <inheritdoc/>
    public bool Equals(VerificationThreshold? other) => other is not null && (ReferenceEquals(this, other) || ToJson() == other.ToJson());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Cosine, TargetFalseMatchRate, GallerySize, ImpostorPairCount);

    /// <summary>One line: the threshold with its interval and what it was measured on.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"cosine over {Cosine:0.0000} [{LowerCosine:0.0000}, {UpperCosine:0.0000}]{(IsExtrapolated ? ", extrapolated" : "")}; " +
        $"{(GallerySize == 1 ? "FMR" : $"FPIR for {GallerySize} people")} at most {TargetFalseMatchRate:g3}, FNMR {FalseNonMatchRate:P2}; " +
        $"{GenuinePairCount} genuine, {ImpostorPairCount} impostor pairs of {PersonCount} people{(TrainedOnPeople is { Count: > 0 } known ? $", {known.Count} of whom the model was trained on: more strangers pass" : "")}");

    /// <summary>As files of models keep it.</summary>
    internal string ToJson() => _curve.ToJson(GallerySize);

    /// <exception cref="FormatException">It is no threshold that <see cref="ToJson"/> wrote.</exception>
    internal static VerificationThreshold FromJson(string json)
    {
        (ThresholdCurve curve, int gallerySize) = ThresholdCurve.FromJson(json);
        return new VerificationThreshold(curve, gallerySize);
    }

    /// <summary>1 − (1 − FPIR)^(1/N), accurate where it is tiny.</summary>
    private static double RateOfOneComparison(double target, int gallerySize) =>
        gallerySize == 1 ? target : -double.ExpM1(double.LogP1(-target) / gallerySize);
}
