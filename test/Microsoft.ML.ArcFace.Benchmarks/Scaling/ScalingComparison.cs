using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.ArcFace.Benchmarks.Embedding;
using Microsoft.ML.ArcFace.Benchmarks.Training;
using Microsoft.ML.ArcFace.Samples.Drawing;

namespace Microsoft.ML.ArcFace.Benchmarks.Scaling;

/// <summary>
/// Time and memory against people, photographs, faces in a pass and threads. Every place is measured in a process of its own,
/// which may use the last cores of the machine alone, as many as it has threads.
/// </summary>
/// <param name="folder">Where scaling.json and the pictures go.</param>
/// <param name="largest">The most people and photographs; a million people take 15 GB.</param>
internal sealed class ScalingComparison(string folder, int largest)
{
    private const int LargestCoresPeople = 100_000, CoresBatch = 32, TrainingPeople = 1000, TrainingRounds = 3;

    // Asked once, before some are given up.
    private static readonly int AllCores = Environment.ProcessorCount;

    private static readonly int[] EmbeddingBatches = [1, 4, 16, 64], TrainingBatches = [8, 16, 32, 64];

    /// <summary>People, and photographs.</summary>
    private readonly int[] _counts = [.. new[] { 1000, 10_000, 100_000, 1_000_000 }.Where(count => count <= largest)];

    private int CoresPeople => Math.Min(LargestCoresPeople, largest);

    /// <summary>Measures, prints a table of each curve, and writes scaling.json and the pictures into the folder.</summary>
    public void Run()
    {
        Directory.CreateDirectory(folder);
        string work = Directory.CreateTempSubdirectory("arcface-scaling-").FullName;
        try
        {
            UseCores(1);
            MachineFloor machine = MachineFloor.Measure();
            var floor = new ScalingFloor(machine);
            ScalingCurve[] curves = [.. People(floor), Images(work), .. Batches(floor, work), .. Cores(floor, work)];
            File.WriteAllText(Path.Combine(folder, "scaling.json"), JsonSerializer.Serialize(new { machine, curves }, new JsonSerializerOptions { WriteIndented = true }));
            ScalingCharts.Save(folder, curves);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private IEnumerable<ScalingCurve> People(ScalingFloor floor)
    {
        foreach ((string name, string kind, double rate) in new[] { ("ArcFace, all people", ScalingPoint.AllPeople, 1.0), (Text($"ArcFace, a sample of {ScalingPoint.SampleRate}"), ScalingPoint.SampledPeople, ScalingPoint.SampleRate) })
        {
            yield return Print(new ScalingCurve(name, "people", "a step of 128 faces", [.. _counts.Select(people => new ScalingPlace(
                people, Point(kind, Text($"{people}"), threads: 1), floor.OfHead(people, rate * people), ScalingFloor.MegabytesOfHead(people, rate * people)))]));
        }
    }

    private ScalingCurve Images(string work)
    {
        DrawnFaces.WriteFolder(Path.Combine(work, "faces"), people: 16, picturesPerPerson: 4, seed: 1);
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(work, "faces"), "*.jpg", SearchOption.AllDirectories)];
        return Print(new ScalingCurve("JPEG files, decoded one by one", "photographs listed", "a photograph", [.. _counts.Select(count =>
        {
            string list = Path.Combine(work, "list.tsv");
            File.WriteAllLines(list, Enumerable.Range(0, count).Select(i => Text($"{files[i % files.Length]}\tperson {i / 20}")));
            return new ScalingPlace(count, Point(ScalingPoint.Images, list, threads: 1), FloorMilliseconds: 0, new FileInfo(list).Length / 1e6);
        })]));
    }

    private static IEnumerable<ScalingCurve> Batches(ScalingFloor floor, string work) =>
    [
        Print(new ScalingCurve("Embedding, MobileFaceNet", "faces in a pass", "a face",
            [.. EmbeddingBatches.Select(batch => new ScalingPlace(batch, Point(ScalingPoint.Embedding, Text($"{batch}"), threads: 1), floor.OfEmbedding, FloorMegabytes: 0))])),
        Print(new ScalingCurve("Training, MobileFaceNet", "faces in a step", "a face",
            [.. TrainingBatches.Select(batch => new ScalingPlace(batch, TrainingOf(work, batch, threads: 1), floor.OfTraining, FloorMegabytes: 0))])),
    ];

    private IEnumerable<ScalingCurve> Cores(ScalingFloor floor, string work)
    {
        int[] threads = [.. new[] { 1, 2, 4, 8, 16 }.Where(count => count <= AllCores)];
        yield return Print(new ScalingCurve("Embedding, MobileFaceNet", "threads", Text($"a face in passes of {CoresBatch}"),
            [.. threads.Select(count => new ScalingPlace(count, Point(ScalingPoint.Embedding, Text($"{CoresBatch}"), count), floor.OfEmbedding / count, FloorMegabytes: 0))]));
        yield return Print(new ScalingCurve("Training, MobileFaceNet", "threads", Text($"a face in steps of {CoresBatch}"),
            [.. threads.Select(count => new ScalingPlace(count, TrainingOf(work, CoresBatch, count), floor.OfTraining / count, FloorMegabytes: 0))]));
        yield return Print(new ScalingCurve(Text($"ArcFace, {CoresPeople} people"), "threads", "a step of 128 faces", [.. threads.Select(count => new ScalingPlace(
            count, Point(ScalingPoint.AllPeople, Text($"{CoresPeople}"), count), floor.OfHead(CoresPeople, CoresPeople) / count, ScalingFloor.MegabytesOfHead(CoresPeople, CoresPeople)))]));
    }

    private static ScalingMeasurement Point(string kind, string what, int threads)
    {
        UseCores(threads);
        using ContenderProcess process = ContenderProcess.StartOwn(ScalingPoint.Command, kind, what, Text($"{threads}"));
        return process.Ask<ScalingMeasurement>("measure");
    }

    /// <summary>The trainer's own step in float32, a face of it.</summary>
    private static ScalingMeasurement TrainingOf(string work, int batch, int threads)
    {
        UseCores(threads);
        var race = new TrainingRace(BackboneArchitecture.MobileFaceNet, TrainingPeople, batch, threads, work);
        TrainingComparison.WriteFiles(race);
        using ContenderProcess process = ContenderProcess.StartOwn([TrainingStep.Command, .. race.Arguments(TrainingPrecision.Float32)]);
        Cost step = AlternatingRounds.Medians([() => process.Ask<Cost>("step")], TrainingRounds)[0];
        return new ScalingMeasurement(step.Elapsed / batch, step.Processor / batch, process.Ask<long>("memory") / 1e6);
    }

    /// <summary>This thread and the processes that it starts from now on run on the last cores, with as many threads.</summary>
    private static void UseCores(int count)
    {
        Environment.SetEnvironmentVariable("OMP_NUM_THREADS", Text($"{count}"));

        // As the scripts set it: threads that spin at their barriers take each other's core.
        Environment.SetEnvironmentVariable("OMP_WAIT_POLICY", "passive");
        if (OperatingSystem.IsLinux() && AllCores < 64)
        {
            using Process self = Process.GetCurrentProcess();
            self.ProcessorAffinity = (nint)(((1L << count) - 1) << (AllCores - count));
        }
    }

    private static ScalingCurve Print(ScalingCurve curve)
    {
        bool hasFloor = curve.Places.Any(place => place.FloorMilliseconds > 0), isListed = curve.Places.Any(place => place.Measured.ListMilliseconds > 0);
        Console.WriteLine(Text($"{curve.Name}, against {curve.SizeName}: milliseconds {curve.Unit}"));
        Console.WriteLine(Text($"| {curve.SizeName} | elapsed | processor |{(hasFloor ? " floor | to floor |" : "")} peak MB |{(isListed ? " listing, ms |" : "")}"));
        Console.WriteLine(string.Concat(Enumerable.Repeat("|---", 4 + (hasFloor ? 2 : 0) + (isListed ? 1 : 0))) + "|");
        foreach ((double size, ScalingMeasurement measured, double floor, _) in curve.Places)
        {
            string floors = hasFloor ? Text($" {floor:0.##} | {measured.Milliseconds / floor:0.00} |") : "";
            string list = isListed ? Text($" {measured.ListMilliseconds:0} |") : "";
            Console.WriteLine(Text($"| {size:0} | {measured.Milliseconds:0.##} | {measured.ProcessorMilliseconds:0.##} |{floors} {measured.PeakMegabytes:0} |{list}"));
        }

        Console.WriteLine();
        return curve;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
