namespace Microsoft.ML.ArcFace.Progress;

/// <summary>Follows long work: reports it to a listener and to a log, and stops it when asked to.</summary>
/// <param name="log">Writes a line to a log, every few seconds; null: there is none.</param>
/// <param name="listener">Is told each report; null: nobody listens.</param>
/// <param name="cancellationToken">Stops the work with an <see cref="OperationCanceledException"/>.</param>
/// <param name="clock">The time; null: the system's.</param>
internal sealed class WorkObserver(Action<string>? log, Action<FaceProgress>? listener = null, CancellationToken cancellationToken = default, TimeProvider? clock = null)
{
    /// <summary>An observer for work that nobody follows.</summary>
    public static WorkObserver None { get; } = new(log: null);

    public Action<string>? Log => log;

    public Action<FaceProgress>? Listener => listener;

    public CancellationToken CancellationToken => cancellationToken;

    public TimeProvider Clock => clock ?? TimeProvider.System;

    /// <summary>Begins a piece of work; disposing of it ends the work.</summary>
    /// <param name="work">What is counted, such as "photographs embedded".</param>
    /// <param name="total">How many there are; null: not known beforehand.</param>
    /// <param name="done">How many were done before.</param>
    /// <param name="isLogged">Whether the log gets a line every few seconds; false for work that logs more than a count by itself.</param>
    public WorkMeter Begin(string work, long? total, long done = 0, bool isLogged = true) => new(this, work, total, done, isLogged);

    /// <summary>Counts what is taken from a sequence.</summary>
    public IEnumerable<T> Watch<T>(IEnumerable<T> items, string work, long? total)
    {
        using WorkMeter meter = Begin(work, total);
        foreach (T item in items)
        {
            yield return item;
            meter.Advance();
        }
    }
}
