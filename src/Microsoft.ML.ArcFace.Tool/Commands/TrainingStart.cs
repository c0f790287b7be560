namespace Microsoft.ML.ArcFace.Tool.Commands;

/// <summary>Notices where a training begins, and says so if it goes on from a checkpoint.</summary>
/// <param name="run">The command.</param>
/// <param name="checkpoints">The folder of checkpoints; null: there is none.</param>
internal sealed class TrainingStart(ToolRun run, string? checkpoints)
{
    private bool _hasBegun;

    /// <summary>The steps that a run before had done; null if there was none.</summary>
    public long? ResumedAfterStep { get; private set; }

    /// <summary>Looks for the first report of the training itself.</summary>
    public void Observe(FaceProgress progress)
    {
        if (_hasBegun || progress.Work != FaceProgress.TrainingSteps)
        {
            return;
        }

        _hasBegun = true;
        if (progress.Done > 0)
        {
            ResumedAfterStep = progress.Done;
            run.Say(progress.Done < progress.Total
                ? $"Going on from '{checkpoints}', after step {progress.Done} of {progress.Total}."
                : $"The training in '{checkpoints}' was finished before; its model is written without another step.");
        }
    }
}
