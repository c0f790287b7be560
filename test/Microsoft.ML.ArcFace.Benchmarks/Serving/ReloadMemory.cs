using System.Globalization;
using System.IO.Compression;

namespace Microsoft.ML.ArcFace.Benchmarks.Serving;

/// <summary>The resident set of a process that serves, over many replacements of the model's file.</summary>
internal static class ReloadMemory
{
    private const int Lines = 8, RequestsBetween = 8;

    /// <summary>Prints it, and returns how many times the one before the first replacement the last one is.</summary>
    /// <param name="model">The model; null: MobileFaceNet with random weights.</param>
    /// <param name="times">Replacements.</param>
    public static double Run(string? model, int times)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory();
        try
        {
            string served = Path.Combine(folder.FullName, "faces.zip");
            byte[] file = model is null ? RandomModel(folder.FullName) : File.ReadAllBytes(model);
            byte[][] files = [WithEntry(file, "First"), WithEntry(file, "Second")];
            File.WriteAllBytes(served, files[0]);
            using var embedder = new FaceEmbedder(served, new FaceEmbedder.Options { ReloadInterval = null, Cosine = 0.5 });
            Embed(embedder);
            long before = Environment.WorkingSet;
            Print("before the first", before);
            for (int time = 1; time <= times; time++)
            {
                Replace(served, files[time % files.Length], time);

                // A thread of its own: a service's timer comes on any, and the memory of each thread lies elsewhere.
                var loading = new Thread(() =>
                {
                    while (!embedder.Look())
                    {
                        // Once to see that it changed, and again to see that it does not any more.
                    }
                });
                loading.Start();
                Embed(embedder);
                loading.Join();
                Embed(embedder);
                if (time % Math.Max(1, times / Lines) == 0)
                {
                    Print($"{time} replaced", Environment.WorkingSet);
                }
            }

            double ratio = (double)Environment.WorkingSet / before;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ratio {ratio:0.000}"));
            return ratio;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Print(string when, long resident) =>
        Console.WriteLine($"{when}: {resident >> 20} MiB resident, {GC.GetGCMemoryInfo().TotalCommittedBytes >> 20} MiB of them managed");

    private static void Embed(FaceEmbedder embedder) => Task.WhenAll(Enumerable.Range(0, RequestsBetween).Select(async _ =>
    {
        try
        {
            await embedder.EmbedAsync(Face.Value);
        }
        catch (FaceNotFoundException)
        {
            // A model that detects looked for one.
        }
    })).GetAwaiter().GetResult();

    private static readonly Lazy<byte[]> Face = new(() => DrawnFace());

    private static byte[] DrawnFace()
    {
        using var bitmap = new SkiaSharp.SKBitmap(112, 112);
        bitmap.Erase(SkiaSharp.SKColors.SandyBrown);
        using SkiaSharp.SKData data = bitmap.Encode(SkiaSharp.SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    private static byte[] RandomModel(string folder)
    {
        string weights = Path.Combine(folder, "mbf.safetensors");
        RandomWeights.Write(BackboneArchitecture.MobileFaceNet, weights);
        var ml = new MLContext(seed: 1);
        IDataView rows = ml.Data.LoadFromEnumerable<Row>([]);
        ITransformer model = ml.Transforms.LoadFaceImages("Image", nameof(Row.ImagePath))
            .Append(ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options { WeightsFile = weights, Architecture = BackboneArchitecture.MobileFaceNet })).Fit(rows);
        using var stream = new MemoryStream();
        ml.Model.Save(model, rows.Schema, stream);
        (model as IDisposable)?.Dispose();
        return stream.ToArray();
    }

    /// <summary>Makes a file of the same model with other bytes: one that is the same as before is not loaded again.</summary>
    private static byte[] WithEntry(byte[] model, string name)
    {
        using var stream = new MemoryStream();
        stream.Write(model);
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true))
        {
            zip.CreateEntry(name);
        }

        return stream.ToArray();
    }

    /// <summary>Puts a file into the other's place, with another time.</summary>
    private static void Replace(string path, byte[] file, int time)
    {
        File.WriteAllBytes(path + ".new", file);
        File.SetLastWriteTimeUtc(path + ".new", new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(time));
        File.Move(path + ".new", path, overwrite: true);
    }

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";
    }
}
