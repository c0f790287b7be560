using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Benchmarks.Gallery;

/// <summary>What enrolling into a gallery's file and opening it cost, beside SQLite's check of its structure.</summary>
internal static class GalleryOpening
{
    private const int Batch = 10_000, Singles = 200;

    public static void Run(int people, int size, int rounds, string folder)
    {
        string path = Path.Combine(folder, $"opening-{people}-{size}.gallery");
        var model = new FaceGalleryModel("random vectors", size);
        FaceRecognitionCatalog faces = new MLContext().FaceRecognition();
        var options = new FaceGalleryOptions { CosineThreshold = 0.5 };
        if (!File.Exists(path))
        {
            var random = new Random(1);
            using FaceGallery gallery = faces.CreateGalleryFor(model, path, options);
            var clock = new Stopwatch();
            for (int first = 0; first < people; first += Batch)
            {
                FaceToEnroll[] batch = [.. Enumerable.Range(first, Math.Min(Batch, people - first)).Select(person => Face(random, person, size))];
                clock.Start();
                gallery.Enroll(batch);
                clock.Stop();
            }

            FaceToEnroll[] singles = [.. Enumerable.Range(people, Singles).Select(person => Face(random, person, size))];
            double[] times = [.. singles.Select(face => Milliseconds(() => gallery.Enroll([face])))];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"enrolling {people} × {size}: {clock.Elapsed.TotalMilliseconds * 1000 / people:0.0} µs each in calls of {Batch}; one by one a median of {Median(times):0.00} ms"));
        }

        for (int round = 0; round < rounds; round++)
        {
            GC.Collect();
            double opening = Milliseconds(() => faces.CreateGalleryFor(model, path, options).Dispose()), check = Milliseconds(() => QuickCheck(path));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"opening {people} × {size}: {opening:0} ms; quick_check: {check:0} ms, {check / opening:0.00} of it"));
        }
    }

    private static void QuickCheck(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check";
        if (command.ExecuteScalar() is not "ok")
        {
            throw new InvalidDataException("The file is damaged.");
        }
    }

    private static double Milliseconds(Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        return clock.Elapsed.TotalMilliseconds;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static FaceToEnroll Face(Random random, int person, int size)
    {
        float[] vector = [.. Enumerable.Range(0, size).Select(_ => random.NextSingle() - 0.5f)];
        return new FaceToEnroll($"person {person}", vector) { Source = $"people/{person}/1.jpg" };
    }
}
