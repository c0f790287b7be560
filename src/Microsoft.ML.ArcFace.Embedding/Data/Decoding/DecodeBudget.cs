namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>
/// Bounds the memory that all large photographs decoded at the same time take. They come in in the order in which they ask;
/// one that is larger than the whole budget is decoded alone, so that nothing waits forever.
/// </summary>
internal sealed class DecodeBudget(long bytes)
{
    /// <summary>Photographs that take less are not counted: they come by the thousand each second.</summary>
    public const long SmallBytes = 16 << 20;

    private const long LeastBytes = 256 << 20;
    private const int ShareOfMemory = 32;

    private readonly Lock _lock = new();
    private readonly LinkedList<Request> _waiting = new();
    private long _used;

    /// <summary>The budget of the process.</summary>
    public static DecodeBudget Shared { get; } = new(UsualBytes);

    /// <summary>A 32nd of the memory, at least 256 MiB.</summary>
    public static long UsualBytes => Math.Max(LeastBytes, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / ShareOfMemory);

    /// <summary>Waits for its turn; the answer gives the memory back when it is disposed of.</summary>
    /// <param name="cost">Bytes that decoding takes.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="OperationCanceledException">It was canceled before its turn came.</exception>
    public Lease Enter(long cost, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (cost < SmallBytes)
        {
            return default;
        }

        using var request = new Request(cost);
        lock (_lock)
        {
            _waiting.AddLast(request);
            AdmitWhatFits();
        }

        try
        {
            request.Admitted.Wait(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                if (!_waiting.Remove(request))
                {
                    _used -= cost;
                }

                AdmitWhatFits();
            }

            throw;
        }

        return new Lease(this, cost);
    }

    private void Leave(long cost)
    {
        lock (_lock)
        {
            _used -= cost;
            AdmitWhatFits();
        }
    }

    private void AdmitWhatFits()
    {
        while (_waiting.First is { Value: Request next } && (_used == 0 || _used + next.Cost <= bytes))
        {
            _waiting.RemoveFirst();
            _used += next.Cost;
            next.Admitted.Set();
        }
    }

    /// <summary>Counts memory until it is disposed of.</summary>
    public readonly struct Lease(DecodeBudget? budget, long cost) : IDisposable
    {
        /// <summary>Gives back what exceeds a number of bytes, and counts these on.</summary>
        public Lease Keep(long bytes)
        {
            long kept = Math.Min(bytes, cost);
            budget?.Leave(cost - kept);
            return new Lease(budget, kept);
        }

        public void Dispose() => budget?.Leave(cost);
    }

    private sealed class Request(long cost) : IDisposable
    {
        public long Cost => cost;

        public ManualResetEventSlim Admitted { get; } = new();

        public void Dispose() => Admitted.Dispose();
    }
}
