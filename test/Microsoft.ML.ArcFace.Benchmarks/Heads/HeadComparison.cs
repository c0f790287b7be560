using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.ArcFace.Benchmarks.Heads;

/// <summary>The heads in alternating rounds; ratios of medians.</summary>
internal static class HeadComparison
{
    private static readonly long[] ClassCounts = [10_000, 100_000];

    public static void Run(int rounds)
    {
        foreach (long classes in ClassCounts)
        {
            HeadStep[] steps = [.. HeadStep.Losses.Select(loss => new HeadStep(loss, classes))];
            string[] names = [.. HeadStep.Losses.Select(loss => loss.GetType().Name.Replace("Loss", "", StringComparison.Ordinal))];
            int repeats = classes < 50_000 ? 5 : 1;
            Cost[] medians = AlternatingRounds.Medians([.. steps.Select<HeadStep, Func<Cost>>(step => () => AlternatingRounds.Measure(step.ForwardAndBackward, repeats))], rounds);
            foreach (HeadStep step in steps)
            {
                step.Dispose();
            }

            Print(classes, rounds, names, medians);
        }
    }

    private static void Print(long classes, int rounds, string[] names, Cost[] medians)
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

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
