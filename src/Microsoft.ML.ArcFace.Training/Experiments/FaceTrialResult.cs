using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>A trial that was trained and validated.</summary>
/// <param name="Trial">What was trained.</param>
/// <param name="Metrics">How well it does on the validation photographs.</param>
/// <param name="Score">The metric that trials are ranked by; greater is better.</param>
/// <param name="Duration">How long training and validation took when they were done.</param>
/// <param name="IsFromCache">Whether the result was found in the cache directory and not trained now.</param>
public sealed record FaceTrialResult(FaceTrial Trial, FaceTrialMetrics Metrics, double Score, TimeSpan Duration, bool IsFromCache)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceTrialResult), PrintMembers);
}

/// <summary>A trial that failed.</summary>
/// <param name="Trial">What was to be trained.</param>
/// <param name="Message">Why it failed.</param>
public sealed record FaceTrialFailure(FaceTrial Trial, string Message);
