using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.ArcFace.Postgres;

namespace Microsoft.ML.ArcFace.Benchmarks.Gallery;

/// <summary>What the index of a gallery in PostgreSQL finds of what an exact search finds, for several numbers of candidates.</summary>
internal static class PostgresRecall
{
    private const int PhotographsPerPerson = 5, Probes = 200, Count = 10;

    /// <summary>Vectors of a person lie about as far from each other (cosine 0.5) as photographs do.</summary>
    private const double Spread = 1;

    private static readonly int[] CandidateCounts = [20, 50, 100, 200, 400];

    public static async Task RunAsync(string connectionString, int people, int size)
    {
        var random = new Random(1);
        string schema = string.Create(CultureInfo.InvariantCulture, $"recall_{people}_{size}");
        var model = new FaceGalleryModel("random vectors", size);
        float[][] directions = [.. Enumerable.Range(0, people).Select(_ => Normal(random, size, 1))];
        await using (PostgresFaceGallery gallery = await PostgresFaceGallery.OpenAsync(connectionString, model, new PostgresGalleryOptions { Schema = schema }))
        {
            if (await gallery.CountVectorsAsync() == 0)
            {
                var clock = Stopwatch.StartNew();
                foreach ((int Person, float[] Direction)[] some in directions.Select((direction, person) => (person, direction)).Chunk(500))
                {
                    await gallery.EnrollAsync([.. some.SelectMany(one => Enumerable.Range(0, PhotographsPerPerson)
                        .Select(_ => new FaceToEnroll(one.Person.ToString(CultureInfo.InvariantCulture), Near(one.Direction, random))))]);
                }

                Console.WriteLine(Text($"Enrolled {people * PhotographsPerPerson} photographs of {people} people × {size} numbers in {clock.Elapsed.TotalSeconds:0} s"));
            }
        }

        float[][] probes = [.. directions.Take(Probes).Select(direction => Near(direction, random))];
        Console.WriteLine("| candidates | recall of the nearest 10 | of the nearest | index ms | exact ms |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (int candidates in CandidateCounts)
        {
            await using PostgresFaceGallery gallery = await PostgresFaceGallery.OpenAsync(connectionString, model, new PostgresGalleryOptions { Schema = schema, CandidateCount = candidates });
            SearchRecall recall = await gallery.MeasureRecallAsync(probes, Count);
            Console.WriteLine(Text($"| {candidates} | {recall.Recall:P1} | {recall.FirstRecall:P1} | {recall.IndexTime.TotalMilliseconds:0.0} | {recall.ExactTime.TotalMilliseconds:0.0} |"));
        }
    }

    private static float[] Near(float[] direction, Random random) => [.. Normal(random, direction.Length, Spread).Zip(direction, (noise, value) => noise + value)];

    private static float[] Normal(Random random, int size, double deviation) =>
        [.. Enumerable.Range(0, size).Select(_ => (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
