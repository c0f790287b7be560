namespace Microsoft.ML.ArcFace;

/// <summary>What an experiment found. Its model holds native memory until <see cref="Dispose"/>.</summary>
public sealed class FaceExperimentResult : IDisposable
{
    internal FaceExperimentResult(FaceRun bestRun, IReadOnlyList<FaceTrialResult> runDetails, IReadOnlyList<FaceTrialFailure> failures, bool isFinished)
    {
        BestRun = bestRun;
        RunDetails = runDetails;
        Failures = failures;
        IsFinished = isFinished;
    }

    /// <summary>The run with the greatest score of all rungs; of equal ones the one that was trained longest, then the first.</summary>
    public FaceRun BestRun { get; }

    /// <summary>All runs that were completed, in their order; a trial has one for each rung that it came to.</summary>
    public IReadOnlyList<FaceTrialResult> RunDetails { get; }

    /// <summary>The runs that failed, in their order.</summary>
    public IReadOnlyList<FaceTrialFailure> Failures { get; }

    /// <summary>Tells whether all rungs were run; false if the time was up or the experiment was canceled before.</summary>
    public bool IsFinished { get; }

    /// <summary>Frees the model of the best run.</summary>
    public void Dispose() => (BestRun.Model as IDisposable)?.Dispose();
}

/// <summary>A run with its model.</summary>
public sealed class FaceRun
{
    internal FaceRun(FaceTrialResult result, ITransformer model)
    {
        Result = result;
        Model = model;
    }

    /// <summary>The trained pipeline: the pre-featurizer, if one was given, and the embedding.</summary>
    public ITransformer Model { get; }

    /// <summary>How well it does on the validation photographs.</summary>
    public FaceTrialMetrics Metrics => Result.Metrics;

    /// <summary>What it was trained with.</summary>
    public ArcFaceTrainer.Options Options => Result.Trial.Options;

    /// <summary>Trial, score and duration.</summary>
    public FaceTrialResult Result { get; }
}
