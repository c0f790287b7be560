using System.Runtime.ExceptionServices;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>
/// A parallel loop that does not starve the thread pool. <see cref="Parallel"/> waits for its own queued tasks by running them,
/// and the pool takes that for progress of everything that is queued: once all of its threads loop over short ones, as callers
/// do that embed face after face, it never adds a thread, and timers, continuations and requests wait until they end. Here
/// threads of the pool may help, and who has not come when all is done is not waited for.
/// </summary>
internal static class ParallelLoop
{
    /// <summary>Runs <paramref name="action"/> for 0 to <paramref name="count"/> − 1 on this thread and as many helpers as come, and waits for all.</summary>
    /// <param name="count">The number of items; results must not depend on who computes which.</param>
    /// <param name="threads">How many threads may work, at least 1, this one included.</param>
    /// <param name="action">What to do for an item. The first exception ends the loop and is thrown.</param>
    public static void Run(int count, int threads, Action<int> action)
    {
        if (threads <= 1 || count <= 1)
        {
            for (int number = 0; number < count; number++)
            {
                action(number);
            }

            return;
        }

        var work = new Work(count, action);
        for (int helper = 1; helper < Math.Min(threads, count); helper++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
        }

        work.Execute();
        work.Wait();
    }

    private sealed class Work : IThreadPoolWorkItem
    {
        private readonly int _count;
        private readonly Action<int> _action;
        private readonly ManualResetEventSlim _isDone = new();
        private int _taken;
        private int _unfinished;
        private ExceptionDispatchInfo? _error;

        public Work(int count, Action<int> action) => (_count, _action, _unfinished) = (count, action, count);

        /// <summary>Takes items as long as there are any.</summary>
        public void Execute()
        {
            while (Volatile.Read(ref _taken) < _count && Interlocked.Increment(ref _taken) - 1 is int number && number < _count)
            {
                Run(number);
                if (Interlocked.Decrement(ref _unfinished) == 0)
                {
                    _isDone.Set();
                }
            }
        }

        /// <summary>Waits for the items that others took.</summary>
        public void Wait()
        {
            _isDone.Wait();
            _error?.Throw();
        }

        private void Run(int number)
        {
            if (Volatile.Read(ref _error) is not null)
            {
                return;
            }

            try
            {
                _action(number);
            }
#pragma warning disable CA1031 // It is thrown on the thread that waits.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref _error, ExceptionDispatchInfo.Capture(error), null);
            }
        }
    }
}
