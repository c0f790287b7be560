namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>Lets many threads use something native at once, and whoever frees it wait until none does.</summary>
/// <param name="ownerName">What an <see cref="ObjectDisposedException"/> calls it.</param>
internal sealed class UseGate(string ownerName)
{
    /// <summary>Held for reading by users, for writing by who closes.</summary>
    private readonly ReaderWriterLockSlim _lock = new();
    private bool _isClosed;

    /// <summary>Keeps the gate open until the use is disposed, on the same thread.</summary>
    /// <exception cref="ObjectDisposedException">It is closed already.</exception>
    public Use Begin()
    {
        _lock.EnterReadLock();
        if (!_isClosed)
        {
            return new Use(_lock);
        }

        _lock.ExitReadLock();
        throw new ObjectDisposedException(ownerName);
    }

    /// <summary>Waits for all uses under way, then frees, once.</summary>
    public void Close(Action free)
    {
        _lock.EnterWriteLock();
        try
        {
            if (!_isClosed)
            {
                _isClosed = true;
                free();
            }
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>One use, on the thread that began it.</summary>
    public readonly ref struct Use(ReaderWriterLockSlim held)
    {
        public void Dispose() => held.ExitReadLock();
    }
}
