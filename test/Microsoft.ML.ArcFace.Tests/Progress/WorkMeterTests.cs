using Microsoft.Extensions.Time.Testing;
using Microsoft.ML.ArcFace.Progress;

namespace Microsoft.ML.ArcFace.Tests.Progress;

[TestClass]
public class WorkMeterTests
{
    [TestMethod]
    public void Advance_OverTime_TellsCountRateAndTimeLeft()
    {
        var clock = new FakeTimeProvider();
        var reports = new List<FaceProgress>();
        var observer = new WorkObserver(log: null, reports.Add, clock: clock);
        using (WorkMeter meter = observer.Begin("photographs embedded", total: 1000, done: 100))
        {
            for (int i = 0; i < 300; i++)
            {
                clock.Advance(TimeSpan.FromMilliseconds(10));
                meter.Advance();
            }
        }

        Assert.AreEqual(new FaceProgress("photographs embedded", 100, 1000, 0, null, IsEnd: false), reports[0], "At once.");
        Assert.HasCount(1 + (3000 / 250) + 1, reports);
        foreach ((int index, FaceProgress report) in reports[1..^1].Index())
        {
            Assert.AreEqual(100 + (25 * (index + 1)), report.Done);
            Assert.AreEqual(100, report.PerSecond, 1e-6, "What was done before does not count.");
            Assert.AreEqual((1000 - report.Done) / 100.0, report.EstimatedTimeRemaining!.Value.TotalSeconds, 1e-6);
        }

        Assert.AreEqual((400L, true, TimeSpan.Zero), (reports[^1].Done, reports[^1].IsEnd, reports[^1].EstimatedTimeRemaining));
    }

    [TestMethod]
    public void Advance_Canceled_Throws()
    {
        using var stop = new CancellationTokenSource();
        using WorkMeter meter = new WorkObserver(log: null, cancellationToken: stop.Token).Begin("photographs embedded", total: null);
        meter.Advance();
        stop.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => meter.Advance());
    }

    [TestMethod]
    public void Advance_Long_WritesToTheLogOfMLNet()
    {
        var ml = new MLContext();
        var log = new List<string>();
        ml.Log += (_, line) => log.Add(line.RawMessage);
        var clock = new FakeTimeProvider();
        using (WorkMeter meter = ml.Observe(clock: clock).Begin("photographs embedded", total: 11))
        {
            for (int i = 0; i < 11; i++)
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                meter.Advance();
            }
        }

        CollectionAssert.AreEqual(
            new[] { "photographs embedded: 5 of 11, 1.0/s, 0:06 left", "photographs embedded: 10 of 11, 1.0/s, 0:01 left", "photographs embedded: 11 of 11, 1.0/s" },
            log.Where(line => line.StartsWith("photographs", StringComparison.Ordinal)).ToArray());
    }

    [TestMethod]
    public void Watch_View_CountsRowsOfTheCostlyColumnOnly()
    {
        var ml = new MLContext();
        var reports = new List<FaceProgress>();
        IDataView data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 7).Select(i => new { Name = $"{i}", Value = (float)i }));
        IDataView watched = new WorkObserver(log: null, reports.Add).Watch(data, ("Value", "values computed"));
        using (DataViewRowCursor cursor = watched.GetRowCursor([watched.Schema["Name"]]))
        {
            while (cursor.MoveNext())
            {
            }
        }

        Assert.IsEmpty(reports);
        using (DataViewRowCursor cursor = watched.GetRowCursor([watched.Schema["Value"]]))
        {
            ValueGetter<float> get = cursor.GetGetter<float>(watched.Schema["Value"]);
            float value = 0, sum = 0;
            while (cursor.MoveNext())
            {
                get(ref value);
                sum += value;
            }

            Assert.AreEqual(21, sum);
        }

        Assert.AreEqual(("values computed", 7L, true), (reports[^1].Work, reports[^1].Done, reports[^1].IsEnd));
    }

    [TestMethod]
    public void ToString_IsOneCulture()
    {
        Assert.AreEqual("photographs embedded: 1,280 of 13,233, 212/s, 0:56 left", new FaceProgress("photographs embedded", 1280, 13233, 212.3, TimeSpan.FromSeconds(56), IsEnd: false).ToString());
        Assert.AreEqual("photographs found: 1,280", new FaceProgress("photographs found", 1280, null, 0, null, IsEnd: false).ToString());
        Assert.AreEqual("training steps: 1 of 9, 0.5/s, 1.02:03:04 left", new FaceProgress("training steps", 1, 9, 0.5, new TimeSpan(1, 2, 3, 4), IsEnd: false).ToString());
    }
}
