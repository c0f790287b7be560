using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>How well a trial tells pairs of validation photographs apart, of people it was not trained on. Rates are 0 to 1.</summary>
/// <remarks>
/// The best of many trials looks better on the photographs it was chosen by than on others: measure what you publish with
/// <c>EvaluateVerification</c> on a test set of yet other people.
/// </remarks>
/// <param name="AreaUnderRocCurve">The probability that a pair of the same person is nearer than one of different people.</param>
/// <param name="TrueAcceptRate">At <paramref name="FalseAcceptRate"/>; null where there are too few impostor pairs to tell.</param>
/// <param name="FalseAcceptRate">The rate of <see cref="FaceExperimentSettings.FalseAcceptRate"/>.</param>
/// <param name="EqualErrorRate">(FAR + FRR)/2 where the two are nearest.</param>
/// <param name="Accuracy">Mean accuracy over folds, each with the threshold that is best on the others.</param>
/// <param name="GenuinePairCount">Pairs of the same person.</param>
/// <param name="ImpostorPairCount">Pairs of different people.</param>
public sealed record FaceTrialMetrics(
    double AreaUnderRocCurve,
    double? TrueAcceptRate,
    double FalseAcceptRate,
    double EqualErrorRate,
    double Accuracy,
    int GenuinePairCount,
    int ImpostorPairCount)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceTrialMetrics), PrintMembers);
}
