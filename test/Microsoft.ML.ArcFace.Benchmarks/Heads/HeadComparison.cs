using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.ArcFace.Benchmarks.Heads;

/// <summary>
/// The heads in alternating rounds, so that a machine that drifts drifts for all of them; ratios of medians. Processor
/// time is compared beside elapsed time: other work on the machine stretches the one and hardly the other.
/// </summary>
internal static class HeadComparison
{
    private static readonly long[] ClassCounts = [10_000, 100_000];

    public static void Run(int rounds)
    {
        foreach (long classes in ClassCounts)
        {
            HeadStep[] steps = [.. HeadStep.Losses.Select(loss => new HeadStep(loss, classes))];
            string[] names = [.. HeadStep.Losses.Select(loss => loss.GetType().Name.Replace("Loss", "", StringComparison.Ordinal))];
            (double Elapsed, double Processor)[][] milliseconds = Measure(steps, rounds, repeats: classes < 50_000 ? 5 : 1);
            foreach (HeadStep step in steps)
            {
                step.Dispose();
            }

            Print(classes, rounds, names, [.. milliseconds.Select(times => (Median(times.Select(t => t.Elapsed)), Median(times.Select(t => t.Processor))))]);
        }
    }

    /// <summary>The milliseconds of each round of each step; the order turns with the rounds.</summary>
    private static (double Elapsed, double Processor)[][] Measure(HeadStep[] steps, int rounds, int repeats)
    {
        (double, double)[][] milliseconds = [.. steps.Select(_ => new (double, double)[rounds])];
        Array.ForEach(steps, step => step.ForwardAndBackward());
        for (int round = 0; round < rounds; round++)
        {
            for (int turn = 0; turn < steps.Length; turn++)
            {
                int index = (turn + round) % steps.Length;
                TimeSpan processor = Environment.CpuUsage.TotalTime;
                var clock = Stopwatch.StartNew();
                for (int i = 0; i < repeats; i++)
                {
                    steps[index].ForwardAndBackward();
                }

                milliseconds[index][round] = (clock.Elapsed.TotalMilliseconds / repeats, (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds / repeats);
            }
        }

        return milliseconds;
    }

    private static void Print(long classes, int rounds, string[] names, (double Elapsed, double Processor)[] medians)
    {
        (double elapsed, double processor) = medians[Array.IndexOf(names, "NormSoftmax")];
        Console.WriteLine(Text($"{classes} classes × {HeadStep.EmbeddingSize}, batch {HeadStep.BatchSize}, medians of {rounds} alternating rounds"));
        Console.WriteLine("| head | elapsed ms | to Softmax | to NormSoftmax | processor ms | to Softmax | to NormSoftmax |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        for (int i = 0; i < names.Length; i++)
        {
            (double e, double p) = medians[i];
            Console.WriteLine(Text(
                $"| {names[i]} | {e:0.0} | {e / medians[0].Elapsed:0.000} | {e / elapsed:0.000} | {p:0.0} | {p / medians[0].Processor:0.000} | {p / processor:0.000} |"));
        }

        Console.WriteLine(JsonSerializer.Serialize(new
        {
            classes,
            elapsedMilliseconds = names.Zip(medians).ToDictionary(pair => pair.First, pair => Math.Round(pair.Second.Elapsed, 2)),
            processorMilliseconds = names.Zip(medians).ToDictionary(pair => pair.First, pair => Math.Round(pair.Second.Processor, 2)),
        }));
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
