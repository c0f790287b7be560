using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Data.InsightFace;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Benchmarks.Input;

/// <summary>
/// The input side of training alone, as the trainer runs it: many photographs are listed that are few files, or lie in one
/// RecordIO file; they are decoded, mirrored or changed, shuffled and gathered into batches that nobody trains on. None stays
/// in memory. The first pass reads all that are listed; of an epoch, a part is enough.
/// </summary>
internal sealed class InputThroughput(int listed, int images, int batchSize, string? folder)
{
    private const int DrawnPeople = 128, PicturesPerPerson = 4, Reports = 5;

    /// <param name="Work">What was done.</param>
    /// <param name="PerSecond">Photographs a second, on the clock.</param>
    /// <param name="PerCore">Photographs a second of processor time.</param>
    /// <param name="ResidentMiB">The resident set, after equal parts of the work.</param>
    private sealed record Measurement(string Work, double PerSecond, double PerCore, long[] ResidentMiB);

    /// <summary>Measures both sources, prints a table, and returns what a JSON file is to hold.</summary>
    public object Run()
    {
        string work = Directory.CreateTempSubdirectory("arcface-input-").FullName;
        try
        {
            if (folder is null)
            {
                DrawnFaces.WriteFolder(Path.Combine(work, "faces"), DrawnPeople, PicturesPerPerson, seed: 1);
            }

            string[] files = [.. Directory.EnumerateFiles(folder ?? Path.Combine(work, "faces"), "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
            Console.WriteLine(Text($"{listed} photographs listed, {images} of an epoch, {files.Length} JPEG files of {files.Average(file => new FileInfo(file).Length) / 1024:0.0} KB, batches of {batchSize}, {Environment.ProcessorCount} cores"));
            Console.WriteLine("| source | work | a second | a second and core | resident MiB, on the way |");
            Console.WriteLine("|---|---|---|---|---|");
            return new
            {
                listed, images, batchSize, cores = Environment.ProcessorCount,
                files = Measure("files", ml => Images(ml, ListFiles(ml, files, Path.Combine(work, "list.tsv")), "ImagePath")),
                records = Measure("RecordIO", ml => Images(ml, Records(ml, files, Path.Combine(work, "set.rec")), "ImageBytes")),
            };
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static IDataView Images(MLContext ml, IDataView rows, string column) => ml.Transforms.LoadFaceImages("Image", column).Fit(rows).Transform(rows);

    private IDataView ListFiles(MLContext ml, string[] files, string list)
    {
        File.WriteAllLines(list, Enumerable.Range(0, listed).Select(i => $"{files[i % files.Length]}\t{Path.GetFileName(Path.GetDirectoryName(files[i % files.Length]))}"));
        return ml.FaceRecognition().LoadFromList(list);
    }

    private IDataView Records(MLContext ml, string[] files, string path)
    {
        byte[][] faces = [.. files.Select(File.ReadAllBytes)];
        using (FileStream records = File.Create(path))
        using (FileStream index = File.Create(Path.ChangeExtension(path, ".idx")))
        {
            var writer = new RecordWriter(records, index);
            for (int i = 0; i < listed; i++)
            {
                writer.Write((uint)i, [], i % files.Length / PicturesPerPerson, faces[i % files.Length]);
            }
        }

        return ml.FaceRecognition().LoadFromRecordIO(path);
    }

    private Measurement[] Measure(string source, Func<MLContext, IDataView> load)
    {
        var ml = new MLContext(seed: 1);
        IHost host = ((IHostEnvironment)ml).Register(nameof(InputThroughput));
        using IChannel channel = host.Start("Training");
        IDataView rows = load(ml);
        TrainingFaces? faces = null;
        Measurement[] measurements =
        [
            Measure("first pass: decode, check", listed, _ => faces = TrainingFaces.Read(host, channel, rows, new ArcFaceTrainer.Options { ImageCacheBytes = 0 }.Setup, WorkObserver.None)),
            Measure("epoch: decode, mirror, batch", images, report => Epoch(faces!, FaceAugmentation.MirrorOnly, report)),
            Measure("epoch: decode, all changes, batch", images, report => Epoch(faces!, FaceAugmentation.Light, report)),
        ];
        foreach (Measurement measurement in measurements)
        {
            Console.WriteLine(Text($"| {source} | {measurement.Work} | {measurement.PerSecond:0} | {measurement.PerCore:0} | {string.Join(", ", measurement.ResidentMiB)} |"));
        }

        return measurements;
    }

    private static Measurement Measure(string name, int count, Action<Action> work)
    {
        var resident = new List<long>();
        Cost cost = AlternatingRounds.Measure(() => work(() => resident.Add(ResidentMiB())));
        resident.Add(ResidentMiB());
        return new Measurement(name, count / cost.Elapsed * 1e3, count / cost.Processor * 1e3, [.. resident]);
    }

    private void Epoch(TrainingFaces faces, FaceAugmentation augmentation, Action report)
    {
        int seen = 0;
        TrainingPlan plan = TrainingPlan.Choose(new ArcFaceTrainer.Options { Augmentation = augmentation, BatchSize = batchSize }.Recipe, faces.Count, faces.Labels.Count);
        foreach (FaceBatch batch in BatchProducer.Epoch(faces, plan, seed: 1, epoch: 1, skip: 0, CancellationToken.None))
        {
            int before = seen * Reports / images;
            seen += batch.Labels.Length;
            if (seen * Reports / images > before)
            {
                report();
            }

            if (seen >= images)
            {
                break;
            }
        }
    }

    private static long ResidentMiB()
    {
        using Process self = Process.GetCurrentProcess();
        return self.WorkingSet64 >> 20;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
