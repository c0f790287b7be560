using Microsoft.ML.ArcFace.Experiments;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>How an experiment searches: how many trials, for how long, judged by what (docs/experiments.md).</summary>
public sealed record FaceExperimentSettings
{
    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(45);

    /// <summary>Points of the search space that are tried, 1 to 10,000; fewer where the space has fewer. Default 27.</summary>
    public int MaxTrials { get; init; } = 27;

    /// <summary>
    /// The time of one call of <c>Execute</c>, over 0 and at most 45 days; the trial that runs when it is up is stopped, within a
    /// batch. What was found in the cache directory costs no time. Null: no limit.
    /// </summary>
    public TimeSpan? MaxTime { get; init; }

    /// <summary>Passes over the training photographs in the last rung, 1 to 100,000. Default 27.</summary>
    public int MaxEpochs { get; init; } = 27;

    /// <summary>The fewest passes after which trials are compared, 1 to <see cref="MaxEpochs"/>. Default 3.</summary>
    public int MinEpochs { get; init; } = 3;

    /// <summary>
    /// η of successive halving, 1 to 100: from rung to rung one trial in so many goes on, with so many times the epochs. 1: no
    /// halving, all trials are trained for <see cref="MaxEpochs"/>. Default 3.
    /// </summary>
    public int ReductionFactor { get; init; } = 3;

    /// <summary>
    /// Whether a trial goes on in the next rung from its checkpoint, on the schedule of <see cref="MaxEpochs"/> from the start: less
    /// work, but early rungs compare networks before the learning rate has fallen and while the margin may still grow. False:
    /// each rung trains anew with a whole schedule. Needs a <see cref="CacheDirectory"/>. Default false.
    /// </summary>
    public bool ContinueTrials { get; init; }

    /// <summary>What trials are ranked by. Default: the area under the ROC curve.</summary>
    public FaceExperimentMetric OptimizingMetric { get; init; }

    /// <summary>The false-accept rate of <see cref="FaceTrialMetrics.TrueAcceptRate"/>, over 0 and up to 1. Default 0.001.</summary>
    public double FalseAcceptRate { get; init; } = 1e-3;

    /// <summary>Share of the people that are kept for validation where <c>Execute</c> is given one set, over 0 and below 1. Default 0.2.</summary>
    public double ValidationFraction { get; init; } = 0.2;

    /// <summary>
    /// A folder for what is finished: a file for each run, and the model of the best one; and checkpoints of what is not. An
    /// experiment of the same settings takes from it what is there and goes on, within a trial too. Null: nothing is kept.
    /// </summary>
    public string? CacheDirectory { get; init; }

    /// <summary>Seed of the search, of the split and of each training. Null: the MLContext's, or 0.</summary>
    public int? Seed { get; init; }

    /// <summary>
    /// What all trials have in common; the search space replaces its part of it. Epochs and seed are the experiment's.
    /// Read by <see cref="FaceSearchSpace"/>; a search space of your own need not look at it.
    /// </summary>
    public ArcFaceTrainer.Options Trainer { get; init; } = new();

    /// <summary>Told of each trial. Null: nobody, but for ML.NET's log.</summary>
    public IFaceExperimentMonitor? Monitor { get; init; }

    /// <summary>
    /// Stops within a batch. As in ML.NET's AutoML the best run so far is returned; where there is none yet,
    /// <c>Execute</c> throws an <see cref="OperationCanceledException"/>.
    /// </summary>
    public CancellationToken CancellationToken { get; init; }

    internal HalvingRung[] Rungs(int trials) => HalvingSchedule.Rungs(trials, ReductionFactor, MinEpochs, MaxEpochs);

    /// <summary>Every violated range, as a sentence with value, allowed range and remedy.</summary>
    internal IReadOnlyList<string> Violations()
    {
        var check = new OptionsCheck();
        check.InRange(MaxTrials, 1, 10_000);
        check.That(MaxTime is null || (MaxTime > TimeSpan.Zero && MaxTime <= LongestTime), FormattableString.Invariant($"{nameof(MaxTime)} is {MaxTime}; it must be over 0 and at most {LongestTime.TotalDays:0} days. Null: no limit."));
        check.InRange(MaxEpochs, 1, 100_000);
        check.InRange(MinEpochs, 1, Math.Max(1, MaxEpochs));
        check.InRange(ReductionFactor, 1, 100);
        check.Defined(OptimizingMetric);
        check.That(FalseAcceptRate is > 0 and <= 1, FormattableString.Invariant($"{nameof(FalseAcceptRate)} is {FalseAcceptRate}; it must be over 0 and at most 1."));
        check.That(ValidationFraction is > 0 and < 1, FormattableString.Invariant($"{nameof(ValidationFraction)} is {ValidationFraction}; it must be over 0 and below 1."));
        check.That(CacheDirectory is null || !string.IsNullOrWhiteSpace(CacheDirectory), $"{nameof(CacheDirectory)} is empty; name a folder, or leave it null for none.");
        check.That(!ContinueTrials || CacheDirectory is not null, $"{nameof(ContinueTrials)} is true, but there is no {nameof(CacheDirectory)} for the checkpoints that trials go on from. Name one, or leave it false.");
        check.NotNull(Trainer);
        return check.Violations;
    }

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceExperimentSettings), PrintMembers);
}
