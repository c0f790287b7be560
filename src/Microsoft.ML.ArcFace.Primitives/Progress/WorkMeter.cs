namespace Microsoft.ML.ArcFace.Progress;

/// <summary>Counts one piece of work, and reports it often enough to be seen moving and seldom enough to cost nothing.</summary>
internal sealed class WorkMeter : IDisposable
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(5);

    private readonly WorkObserver _observer;
    private readonly string _work;
    private readonly long? _total;
    private readonly long _doneBefore;
    private readonly long _began;
    private TimeSpan _lastReport, _lastLog;
    private long _done;
    private readonly bool _mayLog;
    private bool _isLogged;

    public WorkMeter(WorkObserver observer, string work, long? total, long done, bool isLogged)
    {
        (_observer, _work, _total, _done, _doneBefore, _mayLog, _began) = (observer, work, total, done, done, isLogged, observer.Clock.GetTimestamp());
        observer.CancellationToken.ThrowIfCancellationRequested();
        observer.Listener?.Invoke(Progress(TimeSpan.Zero, isEnd: false));
    }

    /// <summary>Counts what is done.</summary>
    /// <exception cref="OperationCanceledException">The work is to stop.</exception>
    public void Advance(long by = 1)
    {
        _observer.CancellationToken.ThrowIfCancellationRequested();
        _done += by;
        TimeSpan now = _observer.Clock.GetElapsedTime(_began);
        if (now - _lastReport >= ReportInterval)
        {
            _lastReport = now;
            _observer.Listener?.Invoke(Progress(now, isEnd: false));
        }

        if (_mayLog && now - _lastLog >= LogInterval)
        {
            _lastLog = now;
            Log(Progress(now, isEnd: false));
        }
    }

    public void Dispose()
    {
        FaceProgress end = Progress(_observer.Clock.GetElapsedTime(_began), isEnd: true);
        _observer.Listener?.Invoke(end);
        if (_isLogged)
        {
            Log(end);
        }
    }

    private FaceProgress Progress(TimeSpan now, bool isEnd)
    {
        // What was done before says nothing about the rate.
        double perSecond = _done > _doneBefore ? (_done - _doneBefore) / Math.Max(now.TotalSeconds, 1e-3) : 0;
        TimeSpan? left = isEnd ? TimeSpan.Zero : perSecond > 0 && _total is { } total ? TimeSpan.FromSeconds(Math.Max(0, total - _done) / perSecond) : null;
        return new FaceProgress(_work, _done, _total, perSecond, left, isEnd);
    }

    private void Log(FaceProgress progress)
    {
        if (_observer.Log is { } log)
        {
            _isLogged = true;
            log(progress.ToString());
        }
    }
}
