namespace Microsoft.ML.ArcFace.Serving;

/// <summary>Counts the requests under way, and tells whoever closes when the last of them has ended.</summary>
/// <param name="ownerName">What an <see cref="ObjectDisposedException"/> calls it.</param>
internal sealed class RequestCount(string ownerName)
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _lastEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _underWay;
    private bool _isClosed;

    /// <exception cref="ObjectDisposedException">No more requests are taken.</exception>
    public void Begin()
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                throw new ObjectDisposedException(ownerName);
            }

            _underWay++;
        }
    }

    public void End()
    {
        lock (_lock)
        {
            _underWay--;
            CompleteIfLast();
        }
    }

    /// <summary>Takes no more requests. The task ends with the last that had begun; any number of callers may wait for it.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
            CompleteIfLast();
        }

        return _lastEnded.Task;
    }

    private void CompleteIfLast()
    {
        if (_isClosed && _underWay == 0)
        {
            _lastEnded.TrySetResult();
        }
    }
}
