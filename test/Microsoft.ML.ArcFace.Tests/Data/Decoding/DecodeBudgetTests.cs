using Microsoft.ML.ArcFace.Data.Decoding;

namespace Microsoft.ML.ArcFace.Tests.Data.Decoding;

[TestClass]
public class DecodeBudgetTests
{
    private const long Large = DecodeBudget.SmallBytes;

    [TestMethod]
    public async Task Enter_MoreThanTheBudget_WaitsUntilAnotherLeaves()
    {
        var budget = new DecodeBudget(3 * Large);
        DecodeBudget.Lease first = budget.Enter(2 * Large, default), second = budget.Enter(Large, default);
        Task<DecodeBudget.Lease> third = Task.Run(() => budget.Enter(2 * Large, default));
        Assert.IsFalse(third.IsCompleted);
        second.Dispose();
        Assert.IsFalse(third.IsCompleted);
        first.Dispose();
        (await third).Dispose();
    }

    [TestMethod]
    public void Enter_LargerThanTheWholeBudget_IsAdmittedAlone()
    {
        var budget = new DecodeBudget(Large);
        budget.Enter(100 * Large, default).Dispose();
        budget.Enter(100 * Large, default).Dispose();
    }

    [TestMethod]
    public async Task Keep_AfterDecoding_LetsOthersInAndCountsTheRest()
    {
        var budget = new DecodeBudget(3 * Large);
        DecodeBudget.Lease held = budget.Enter(3 * Large, default).Keep(Large);
        budget.Enter(2 * Large, default).Dispose();
        Task<DecodeBudget.Lease> third = Task.Run(() => budget.Enter(3 * Large, default));
        Assert.IsFalse(third.IsCompleted);
        held.Dispose();
        (await third).Dispose();
        default(DecodeBudget.Lease).Keep(Large).Dispose();
    }

    [TestMethod]
    public void Enter_Small_NeverWaits()
    {
        var budget = new DecodeBudget(Large);
        using DecodeBudget.Lease large = budget.Enter(Large, default);
        using DecodeBudget.Lease small = budget.Enter(Large - 1, default);
        Assert.AreEqual(default, small, "It is not counted.");
    }

    [TestMethod]
    public async Task Enter_Cancelled_LeavesItsPlaceToTheNext()
    {
        var budget = new DecodeBudget(2 * Large);
        DecodeBudget.Lease first = budget.Enter(Large, default);
        using var cancel = new CancellationTokenSource();
        Task<DecodeBudget.Lease> tooLarge = Task.Run(() => budget.Enter(2 * Large, cancel.Token));
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => tooLarge);
        budget.Enter(Large, default).Dispose();
        first.Dispose();
        Assert.ThrowsExactly<OperationCanceledException>(() => budget.Enter(Large, cancel.Token));
        budget.Enter(2 * Large, default).Dispose();
    }

    [TestMethod]
    public void Enter_ManyAtOnce_NeverExceedsTheBudgetAndEndsAll()
    {
        const long most = 4 * Large;
        var budget = new DecodeBudget(most);
        long used = 0, greatest = 0;
        Thread[] threads =
        [
            .. Enumerable.Range(0, 16).Select(seed => new Thread(() =>
            {
                var random = new Random(seed);
                for (int i = 0; i < 200; i++)
                {
                    long cost = Large * random.Next(1, 5);
                    using DecodeBudget.Lease lease = budget.Enter(cost, default);
                    long now = Interlocked.Add(ref used, cost);
                    InterlockedMax(ref greatest, now);
                    Thread.Yield();
                    Interlocked.Add(ref used, -cost);
                }
            })),
        ];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.IsLessThanOrEqualTo(most, greatest);
        Assert.AreEqual(0, used);
    }

    private static void InterlockedMax(ref long target, long value)
    {
        long seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }
}
