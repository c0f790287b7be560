using System.Globalization;
using System.Numerics.Tensors;
using System.Text.Json;

namespace Microsoft.ML.ArcFace.Benchmarks.Gallery;

/// <summary>One search of a gallery beside reading as much memory once, with as many threads.</summary>
internal static class GalleryComparison
{
    private const int FloatsInBlock = 1 << 18;

    public static void Run(int people, int size, int rounds, int threads)
    {
        var random = new Random(1);
        float[][] vectors = [.. Enumerable.Range(0, people).Select(_ => RandomVector(random, size))];
        using FaceGallery exact = Create(vectors, new FaceGalleryOptions { MaxDegreeOfParallelism = threads });
        using FaceGallery halves = Create(vectors, new FaceGalleryOptions { MaxDegreeOfParallelism = threads, SearchInHalfPrecision = true });
        float[][] memory = [.. Enumerable.Range(0, (int)(((long)people * size) + FloatsInBlock - 1) / FloatsInBlock).Select(_ => new float[FloatsInBlock])];
        foreach (float[] block in memory)
        {
            Array.Fill(block, 1e-3f);
        }

        float[] probe = RandomVector(random, size);
        (string Name, Action Work)[] measured =
        [
            ("reading the memory once", () => Read(memory, threads)),
            ("Identify", () => exact.Identify(probe)),
            ("Identify, half precision first", () => halves.Identify(probe)),
            ("Search, 100 nearest", () => exact.Search(probe, 100)),
        ];
        const int repeats = 5;
        Cost[] medians = AlternatingRounds.Medians([.. measured.Select<(string, Action Work), Func<Cost>>(one => () => AlternatingRounds.Measure(one.Work, repeats))], rounds);

        Console.WriteLine(Text($"{people} people × {size} numbers ({(long)people * size * sizeof(float) / 1e6:0} MB), {threads} threads, medians of {rounds} alternating rounds of {repeats}"));
        Console.WriteLine("| | elapsed ms | to reading | processor ms |");
        Console.WriteLine("|---|---|---|---|");
        foreach (((string name, _), Cost cost) in measured.Zip(medians))
        {
            Console.WriteLine(Text($"| {name} | {cost.Elapsed:0.0} | {cost.Elapsed / medians[0].Elapsed:0.00} | {cost.Processor:0.0} |"));
        }

        Console.WriteLine(JsonSerializer.Serialize(new
        {
            people,
            size,
            threads,
            elapsedMilliseconds = measured.Zip(medians).ToDictionary(pair => pair.First.Name, pair => Math.Round(pair.Second.Elapsed, 2)),
        }));
    }

    private static FaceGallery Create(float[][] vectors, FaceGalleryOptions options)
    {
        FaceGallery gallery = new MLContext().FaceRecognition().CreateGalleryFor(new FaceGalleryModel("random vectors", vectors[0].Length), path: null, options with { CosineThreshold = 0.5 });
        gallery.Enroll([.. vectors.Select((vector, index) => new FaceToEnroll(index.ToString(CultureInfo.InvariantCulture), vector))]);
        return gallery;
    }

    private static void Read(float[][] memory, int threads)
    {
        float total = 0;
        Parallel.For(0, memory.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, index =>
        {
            if (TensorPrimitives.Sum<float>(memory[index]) < 0)
            {
                total = -1;
            }
        });
        if (total < 0)
        {
            throw new InvalidOperationException("Positive numbers have a negative sum.");
        }
    }

    private static float[] RandomVector(Random random, int size) => [.. Enumerable.Range(0, size).Select(_ => (float)random.NextDouble() - 0.5f)];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
