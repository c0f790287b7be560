namespace Microsoft.ML.ArcFace;

/// <summary>Reports that a training was canceled between two steps, and which checkpoint keeps what it had learned.</summary>
public sealed class TrainingCanceledException : OperationCanceledException
{
    internal TrainingCanceledException(int epoch, int step, int steps, string? checkpointPath, OperationCanceledException cause)
        : base(
            $"The training was canceled in epoch {epoch}, after step {step} of {steps}. " + (checkpointPath is null
                ? $"Nothing of it is kept; with {nameof(ArcFaceTrainer.Options.CheckpointDirectory)} a training can go on where it was stopped."
                : $"'{checkpointPath}' keeps it: {nameof(ArcFaceTrainer.Fit)} with the same options and data goes on from there."),
            cause, cause.CancellationToken) =>
        (Epoch, Step, Steps, CheckpointPath) = (epoch, step, steps, checkpointPath);

    /// <summary>The epoch under way, from 1.</summary>
    public int Epoch { get; }

    /// <summary>How many steps were done.</summary>
    public int Step { get; }

    /// <summary>How many steps the training has.</summary>
    public int Steps { get; }

    /// <summary>The checkpoint that the same training goes on from; null if there is none.</summary>
    public string? CheckpointPath { get; }
}
