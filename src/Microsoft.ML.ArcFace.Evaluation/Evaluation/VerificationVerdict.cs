using System.Globalization;

namespace Microsoft.ML.ArcFace;

/// <summary>Says what a verification means in use: how many people are refused when so few strangers are accepted.</summary>
/// <param name="FalseAcceptRate">The rate in question: the share of impostor pairs that may be accepted, over 0 and up to 1.</param>
/// <param name="TrueAcceptRate">The share of genuine pairs that are accepted at it.</param>
/// <param name="GenuinePairCount">Pairs of the same person that it was counted on, at least 1.</param>
/// <param name="ImpostorPairCount">Pairs of different people that it was counted on.</param>
public sealed record VerificationVerdict(double FalseAcceptRate, double TrueAcceptRate, int GenuinePairCount, int ImpostorPairCount)
{
    private const int LargestBase = 1_000_000;

    /// <summary>The lower end of the 95 % confidence interval of <see cref="TrueAcceptRate"/>.</summary>
    public double LowerTrueAcceptRate => VerificationMetrics.ConfidenceInterval(TrueAcceptRate, GenuinePairCount).Lower;

    /// <summary>The upper end of the 95 % confidence interval of <see cref="TrueAcceptRate"/>.</summary>
    public double UpperTrueAcceptRate => VerificationMetrics.ConfidenceInterval(TrueAcceptRate, GenuinePairCount).Upper;

    /// <summary>Writes one sentence, such as "Of 100 genuine pairs, 85 would be refused at a false accept rate of 0.1 %", and in brackets what it was counted on.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Sentence()} at a false accept rate of {FalseAcceptRate * 100:0.######} % (TAR {TrueAcceptRate:P2} [{LowerTrueAcceptRate:P2}, {UpperTrueAcceptRate:P2}]; {GenuinePairCount} genuine, {ImpostorPairCount} impostor pairs).");

    /// <summary>Takes so many pairs that neither few refusals become none nor many become all by rounding.</summary>
    private string Sentence()
    {
        double refused = 1 - TrueAcceptRate;
        if (refused <= 0 || refused >= 1)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{(refused <= 0 ? "None of the" : "All")} {GenuinePairCount} genuine pairs would be refused");
        }

        int pairs = 100;
        while (Math.Round(refused * pairs) is var rounded && (rounded == 0 || rounded == pairs) && pairs < LargestBase)
        {
            pairs *= 10;
        }

        return string.Create(CultureInfo.InvariantCulture, $"Of {pairs:N0} genuine pairs, {Math.Round(refused * pairs, MidpointRounding.AwayFromZero):N0} would be refused");
    }
}
