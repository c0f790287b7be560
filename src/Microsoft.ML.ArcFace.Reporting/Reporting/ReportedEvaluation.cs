using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>An evaluation with the threshold that it is shown at.</summary>
internal sealed class ReportedEvaluation
{
    /// <summary>Photographs that are searched for, so that a page of a million takes minutes and not hours.</summary>
    private const int MostProbes = 20_000;

    private const string OwnSearches =
        "The first photograph of each person is enrolled, and every other one is searched for among all of them (1:N). As strangers count all photographs, searched as if their own person were not enrolled.";

    private const string SearchWords = " FNIR is the share of enrolled people who are not found first or not over the threshold, FPIR the share of strangers for whom somebody is found.";

    /// <param name="compared">The pairs.</param>
    /// <param name="metrics">What they say.</param>
    /// <param name="personOf">Whom each picture shows; empty: not known.</param>
    /// <param name="groupOf">The group of each picture; empty: not asked for.</param>
    /// <param name="options">What to show.</param>
    public ReportedEvaluation(
        ComparedPairs compared, VerificationMetrics metrics, IReadOnlyDictionary<string, string> personOf, IReadOnlyDictionary<string, string> groupOf, FaceReportOptions options)
    {
        (Compared, Metrics, PersonOf, GroupOf, Options) = (compared, metrics, personOf, groupOf, options);
        VerificationThreshold? calibrated = options.Threshold ?? (options.Model is { } model ? model.FaceEmbedding().Threshold : null);
        (Cosine, ThresholdSource) = calibrated is not null
            ? (calibrated.Cosine, FormattableString.Invariant($"calibrated for a false match rate of {calibrated.TargetFalseMatchRate:0.######%}"))
            : (CosineOfEqualErrors(metrics), "where the two errors are equal on these pairs: no threshold was calibrated");
        TargetFalseMatchRate = calibrated?.TargetFalseMatchRate;
        (int falseMatches, int falseNonMatches) = (0, 0);
        for (int i = 0; i < compared.Cosines.Length; i++)
        {
            bool isAccepted = compared.Cosines[i] > Cosine;
            falseMatches += isAccepted && !compared.IsSame[i] ? 1 : 0;
            falseNonMatches += !isAccepted && compared.IsSame[i] ? 1 : 0;
        }

        Searches = options.Identification ?? PhotographSearches.Evaluate(compared.Embeddings, personOf, MostProbes);
        SearchesNote = (options.Identification is null ? OwnSearches : "The searches that were evaluated beside the pairs.") + SearchWords;
        FalseMatch = new ErrorRate(falseMatches, metrics.ImpostorPairCount, leastPairCount: 1);
        FalseNonMatch = new ErrorRate(falseNonMatches, metrics.GenuinePairCount, leastPairCount: 1);
    }

    public ComparedPairs Compared { get; }

    public VerificationMetrics Metrics { get; }

    public IReadOnlyDictionary<string, string> PersonOf { get; }

    public IReadOnlyDictionary<string, string> GroupOf { get; }

    public FaceReportOptions Options { get; }

    /// <summary>Searches in a gallery; null where there is nobody to find.</summary>
    public IdentificationMetrics? Searches { get; }

    /// <summary>Says how the searches were made, and what their words mean.</summary>
    public string SearchesNote { get; }

    /// <summary>The people of the pairs whom the model was trained on; null where it cannot be told.</summary>
    public IReadOnlyList<string>? TrainedOnPeople => Metrics.TrainedOnPeople;

    /// <summary>The reasons why the rates may say less than they seem to.</summary>
    public IEnumerable<string> Warnings
    {
        get
        {
            if (TrainedOnPeople is { Count: > 0 } known)
            {
                yield return $"{TrainedPeople.Describe(known)} The rates flatter the model, and say little about people whom it has never seen.";
            }

            if ((Options.Threshold ?? Metrics.Threshold)?.TrainedOnPeople is { Count: > 0 } calibratedOn)
            {
                yield return $"The threshold was calibrated on people whom the model was trained on ({calibratedOn.Count}): on others more strangers pass than it promises.";
            }
        }
    }

    /// <summary>Pairs with a greater cosine are accepted.</summary>
    public double Cosine { get; }

    public string ThresholdSource { get; }

    /// <summary>What the threshold was calibrated for; null if it was not.</summary>
    public double? TargetFalseMatchRate { get; }

    public ErrorRate FalseMatch { get; }

    public ErrorRate FalseNonMatch { get; }

    public DetPoint AtThreshold => new(FalseMatch.Rate!.Value, FalseNonMatch.Rate!.Value, Cosine);

    /// <summary>A point of the curve accepts its own cosine, a threshold does not.</summary>
    private static double CosineOfEqualErrors(VerificationMetrics metrics) =>
        Math.BitDecrement(metrics.DetCurve.Where(point => point.Cosine is not null).MinBy(point => Math.Abs(point.FalseMatchRate - point.FalseNonMatchRate)).Cosine!.Value);
}
