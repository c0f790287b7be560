namespace Microsoft.ML.ArcFace;

/// <summary>
/// Keeps what training reports, for the curves of <c>WriteReport</c>: <c>Progress = history.Add</c>, or a call of
/// <see cref="Add"/> from a callback of your own. Threads may add while others read.
/// </summary>
public sealed class TrainingHistory
{
    private readonly Lock _lock = new();
    private readonly List<TrainingProgress> _reports = [];

    /// <summary>The reports so far, in their order; a copy.</summary>
    public IReadOnlyList<TrainingProgress> Reports
    {
        get
        {
            lock (_lock)
            {
                return [.. _reports];
            }
        }
    }

    /// <summary>Keeps a report.</summary>
    /// <param name="progress">What the trainer reports.</param>
    public void Add(TrainingProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        lock (_lock)
        {
            _reports.Add(progress);
        }
    }
}
