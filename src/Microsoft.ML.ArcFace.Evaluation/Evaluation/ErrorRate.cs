using System.Globalization;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>The 95 % confidence interval of a rate that was counted.</summary>
/// <param name="Lower">Its lower end, 0 to 1.</param>
/// <param name="Upper">Its upper end, 0 to 1.</param>
public readonly record struct RateInterval(double Lower, double Upper)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(RateInterval), PrintMembers);
}

/// <summary>A share of pairs that were judged wrongly, or the word that there are too few pairs to say.</summary>
public sealed record ErrorRate
{
    internal ErrorRate(int errorCount, int pairCount, int leastPairCount) => (ErrorCount, PairCount, LeastPairCount) = (errorCount, pairCount, leastPairCount);

    /// <summary>Pairs that were judged wrongly.</summary>
    public int ErrorCount { get; }

    /// <summary>Pairs that were judged.</summary>
    public int PairCount { get; }

    /// <summary>Pairs that it takes to name a rate.</summary>
    public int LeastPairCount { get; }

    /// <summary>The rate, 0 to 1; null where there are fewer than <see cref="LeastPairCount"/> pairs.</summary>
    public double? Rate => PairCount >= LeastPairCount ? (double)ErrorCount / PairCount : null;

    /// <summary>
    /// The 95 % interval of the rate, 0 to 1 (<see cref="VerificationMetrics.ConfidenceInterval"/>); null where there are too few
    /// pairs. Where the intervals of two groups overlap, the difference of their rates may be chance.
    /// </summary>
    public RateInterval? ConfidenceInterval =>
        Rate is { } rate ? VerificationMetrics.ConfidenceInterval(rate, PairCount) : null;

    /// <summary>The rate with its interval and count.</summary>
    public override string ToString() => Rate is { } rate && ConfidenceInterval is var (lower, upper)
        ? string.Create(CultureInfo.InvariantCulture, $"{rate:P2} [{lower:P2}, {upper:P2}] of {PairCount:N0}")
        : string.Create(CultureInfo.InvariantCulture, $"too few to say ({PairCount:N0} of {LeastPairCount:N0})");
}
