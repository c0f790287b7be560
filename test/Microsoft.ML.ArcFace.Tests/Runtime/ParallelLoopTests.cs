using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

[TestClass]
public class ParallelLoopTests
{
    [TestMethod]
    [DataRow(0, 4)]
    [DataRow(1, 4)]
    [DataRow(7, 1)]
    [DataRow(1000, 3)]
    public void Run_EveryItem_IsDoneOnceBeforeItReturns(int count, int threads)
    {
        for (int repeat = 0; repeat < 50; repeat++)
        {
            int[] done = new int[count];
            ParallelLoop.Run(count, threads, number => Interlocked.Increment(ref done[number]));
            Assert.IsTrue(done.All(times => times == 1));
        }
    }

    [TestMethod]
    public void Run_MoreItemsThanThreads_UsesAllThatAreAllowedAndNoMore()
    {
        using var second = new ManualResetEventSlim();
        var threads = new HashSet<int>();
        ParallelLoop.Run(200, 2, _ =>
        {
            lock (threads)
            {
                if (threads.Add(Environment.CurrentManagedThreadId) && threads.Count == 2)
                {
                    second.Set();
                }
            }

            Assert.IsTrue(second.Wait(TimeSpan.FromSeconds(60)), "No helper came.");
        });
        Assert.HasCount(2, threads);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(4)]
    public void Run_ItemThrows_ThrowsItAndEndsTheLoop(int threads)
    {
        int begun = 0;
        var thrown = Assert.ThrowsExactly<InvalidOperationException>(() => ParallelLoop.Run(1_000_000, threads, number =>
        {
            Interlocked.Increment(ref begun);
            throw new InvalidOperationException($"item {number}");
        }));
        StringAssert.StartsWith(thrown.Message, "item ");
        Assert.IsLessThanOrEqualTo(threads, begun);
    }

    [TestMethod]
    public void Run_WithinAnother_Ends()
    {
        int sum = 0;
        ParallelLoop.Run(8, 8, _ => ParallelLoop.Run(8, 8, number => Interlocked.Add(ref sum, number)));
        Assert.AreEqual(8 * 28, sum);
    }

    /// <summary>Parallel.For in place of it fails this test: nothing else of the pool ever runs.</summary>
    [TestMethod]
    public void Run_InEveryThreadOfThePool_LetsOtherWorkRun()
    {
        using var stop = new ManualResetEventSlim();
        ThreadPool.GetMinThreads(out int threads, out _);
        Task[] loops = [.. Enumerable.Range(0, threads + 1).Select(_ => Task.Run(() =>
        {
            while (!stop.IsSet)
            {
                ParallelLoop.Run(2, 2, _ => Thread.SpinWait(1000));
            }
        }))];
        bool ran = Task.Run(static () => { }).Wait(TimeSpan.FromSeconds(60));
        stop.Set();
        Task.WaitAll(loops);
        Assert.IsTrue(ran);
    }
}
