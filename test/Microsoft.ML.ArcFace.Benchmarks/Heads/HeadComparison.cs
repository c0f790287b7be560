using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.ArcFace.Benchmarks.Heads;

/// <summary>
/// The heads in alternating rounds, so that a machine that drifts drifts for all of them; ratios of medians. Other work
/// on the machine only ever adds time, so that the fastest rounds are compared as well.
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
            double[][] milliseconds = Measure(steps, rounds, repeats: classes < 50_000 ? 5 : 1);
            foreach (HeadStep step in steps)
            {
                step.Dispose();
            }

            Print(classes, names, milliseconds);
        }
    }

    /// <summary>The milliseconds of each round of each step; the order turns with the rounds.</summary>
    private static double[][] Measure(HeadStep[] steps, int rounds, int repeats)
    {
        double[][] milliseconds = [.. steps.Select(_ => new double[rounds])];
        foreach (HeadStep step in steps)
        {
            step.ForwardAndBackward();
        }

        for (int round = 0; round < rounds; round++)
        {
            for (int turn = 0; turn < steps.Length; turn++)
            {
                int index = (turn + round) % steps.Length;
                var clock = Stopwatch.StartNew();
                for (int i = 0; i < repeats; i++)
                {
                    steps[index].ForwardAndBackward();
                }

                milliseconds[index][round] = clock.Elapsed.TotalMilliseconds / repeats;
            }
        }

        return milliseconds;
    }

    private static void Print(long classes, string[] names, double[][] milliseconds)
    {
        double[] medians = [.. milliseconds.Select(Median)], fastest = [.. milliseconds.Select(times => times.Min())];
        double normalised = medians[Array.IndexOf(names, "NormSoftmax")], fastestNormalised = fastest[Array.IndexOf(names, "NormSoftmax")];
        Console.WriteLine(Text($"{classes} classes × {HeadStep.EmbeddingSize}, batch {HeadStep.BatchSize}, {milliseconds[0].Length} rounds"));
        Console.WriteLine("| head | median ms | to Softmax | to NormSoftmax | fastest ms | to NormSoftmax |");
        Console.WriteLine("|---|---|---|---|---|---|");
        for (int i = 0; i < names.Length; i++)
        {
            Console.WriteLine(Text($"| {names[i]} | {medians[i]:0.0} | {medians[i] / medians[0]:0.000} | {medians[i] / normalised:0.000} | {fastest[i]:0.0} | {fastest[i] / fastestNormalised:0.000} |"));
        }

        Console.WriteLine(JsonSerializer.Serialize(new
        {
            classes,
            medianMilliseconds = names.Zip(medians).ToDictionary(pair => pair.First, pair => Math.Round(pair.Second, 2)),
            fastestMilliseconds = names.Zip(fastest).ToDictionary(pair => pair.First, pair => Math.Round(pair.Second, 2)),
        }));
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
