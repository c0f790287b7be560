using System.Diagnostics;

namespace Microsoft.ML.ArcFace.Benchmarks;

/// <summary>Time taken: on the clock, and of all processors together.</summary>
/// <param name="Elapsed">Milliseconds on the clock.</param>
/// <param name="Processor">Milliseconds of all processors.</param>
internal readonly record struct Cost(double Elapsed, double Processor);

/// <summary>
/// Measures side by side in alternating rounds, so that a machine that drifts drifts for all. Processor time stands beside
/// elapsed time: other work on the machine stretches the one and hardly the other.
/// </summary>
internal static class AlternatingRounds
{
    /// <summary>The median cost of each measurement; every one runs once before, and the order turns with the rounds.</summary>
    public static Cost[] Medians(IReadOnlyList<Func<Cost>> measurements, int rounds)
    {
        Cost[][] costs = [.. measurements.Select(_ => new Cost[rounds])];
        foreach (Func<Cost> measure in measurements)
        {
            measure();
        }

        for (int round = 0; round < rounds; round++)
        {
            for (int turn = 0; turn < measurements.Count; turn++)
            {
                int index = (turn + round) % measurements.Count;
                costs[index][round] = measurements[index]();
            }
        }

        return [.. costs.Select(all => new Cost(Median(all.Select(cost => cost.Elapsed)), Median(all.Select(cost => cost.Processor))))];
    }

    /// <summary>What some work costs in this process, divided by its repeats.</summary>
    public static Cost Measure(Action work, int repeats = 1)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < repeats; i++)
        {
            work();
        }

        return new Cost(clock.Elapsed.TotalMilliseconds / repeats, (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds / repeats);
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
