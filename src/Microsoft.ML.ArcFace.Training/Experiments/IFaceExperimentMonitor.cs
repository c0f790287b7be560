namespace Microsoft.ML.ArcFace;

/// <summary>
/// Follows an experiment, as ML.NET AutoML's IMonitor does. It is called on the thread that runs the experiment; what it
/// throws ends the experiment.
/// </summary>
public interface IFaceExperimentMonitor
{
    /// <summary>A trial begins to train.</summary>
    /// <param name="trial">The trial.</param>
    void ReportRunningTrial(FaceTrial trial);

    /// <summary>A trial was trained and validated, or its result was found in the cache directory.</summary>
    /// <param name="result">What it reached.</param>
    void ReportCompletedTrial(FaceTrialResult result);

    /// <summary>The trial that was completed is the best so far.</summary>
    /// <param name="result">What it reached.</param>
    void ReportBestTrial(FaceTrialResult result);

    /// <summary>A trial failed; the experiment goes on with the next.</summary>
    /// <param name="trial">The trial.</param>
    /// <param name="exception">What was thrown; null where the failure was found in the cache directory.</param>
    void ReportFailTrial(FaceTrial trial, Exception? exception = null);
}
