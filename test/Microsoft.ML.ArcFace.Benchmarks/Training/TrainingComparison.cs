using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Benchmarks.Embedding;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Samples.Drawing;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Benchmarks.Training;

/// <summary>
/// A step of training, from the pixels of a batch to moved weights: ours beside PyTorch's with the same weights, batch and
/// optimizer (SGD with momentum, clipped), channels-last, each in a process of its own.
/// </summary>
internal sealed class TrainingComparison(int rounds, int batchSize, int people, int threads, int? gpu, string python)
{
    private const int EmbeddingSize = 512, PicturesPerPerson = 4;

    // Until .NET has compiled the kernels with what it learned of them; the first step takes twice as long as the fifth.
    private const int WarmUpSteps = 5;

    // Forward, and back to the input and to the weights.
    private const int PassesOfAStep = 3;

    private static readonly TrainingPrecision[] Precisions = [TrainingPrecision.Float32, TrainingPrecision.BFloat16];

    /// <summary>One that trains, and what was measured of it.</summary>
    private sealed record Contender(string Name, TrainingPrecision Precision, bool IsOurs, ContenderProcess Process)
    {
        public Cost Step { get; set; }

        public float LossBefore { get; set; }

        public float LossAfter { get; set; }

        public long PeakMemory { get; set; }
    }

    /// <summary>Measures the networks one after the other, prints a table of each, and returns what a JSON file is to hold.</summary>
    public object Run(IEnumerable<BackboneArchitecture> backbones)
    {
        string folder = Directory.CreateTempSubdirectory("arcface-compare-").FullName;
        try
        {
            MachineFloor? floor = gpu is null ? MachineFloor.Measure() : null;
            return new { batchSize, people, threads, gpu, rounds, floor, networks = backbones.Select(backbone => Compare(new TrainingRace(backbone, people, batchSize, threads, folder, gpu), floor)).ToArray() };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private object Compare(TrainingRace race, MachineFloor? floor)
    {
        WriteFiles(race);
        Contender[] contenders = [.. Precisions.SelectMany(precision => Start(race, precision))];
        try
        {
            Measure(contenders);
        }
        finally
        {
            Array.ForEach(contenders, contender => contender.Process.Dispose());
        }

        string network = race.Backbone.ToShortName();
        Console.WriteLine(Text($"{network}: a step of training, {batchSize} faces, {people} people, {(gpu is null ? Text($"{threads} threads") : Text($"GPU {gpu}"))}, medians of {rounds} alternating rounds"));
        Console.WriteLine("| | ms, elapsed | ms, processor | to PyTorch's, elapsed | to PyTorch's, processor | speed to own float32, elapsed | processor | peak MiB | loss before | loss after |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (Contender contender in contenders)
        {
            (Cost? toPyTorch, Cost speed) = Ratios(contenders, contender);
            Console.WriteLine(Text(
                $"| {contender.Name} | {contender.Step.Elapsed:0} | {contender.Step.Processor:0} | {toPyTorch?.Elapsed:0.00} | {toPyTorch?.Processor:0.00} | {speed.Elapsed:0.00} | {speed.Processor:0.00} | {contender.PeakMemory >> 20} | {contender.LossBefore:0.000} | {contender.LossAfter:0.000} |"));
        }

        (double Float32, double BFloat16)? floorMilliseconds = floor?.MillisecondsOf(race.Backbone) is { } face ? (face.Float32 * PassesOfAStep * batchSize, face.BFloat16 * PassesOfAStep * batchSize) : null;
        if (floorMilliseconds is { } least)
        {
            Console.WriteLine(Text($"Floor of the multiply-adds of a step on one thread: {least.Float32:0} ms in float32, {least.BFloat16:0} ms in bfloat16."));
        }

        Console.WriteLine();
        return new
        {
            network,
            floorMilliseconds = floorMilliseconds is { } ms ? new { single = ms.Float32, rounded = ms.BFloat16 } : null,
            contenders = contenders.Select(contender =>
            {
                (Cost? toPyTorch, Cost speed) = Ratios(contenders, contender);
                return new
                {
                    name = contender.Name, step = contender.Step, timeToPyTorch = toPyTorch, speedToOwnFloat32 = speed,
                    peakBytes = contender.PeakMemory, lossBefore = contender.LossBefore, lossAfter = contender.LossAfter,
                };
            }).ToArray(),
        };
    }

    private IEnumerable<Contender> Start(TrainingRace race, TrainingPrecision precision)
    {
        string name = precision.ToString().ToLowerInvariant();
        yield return new Contender($"ArcFace {name}", precision, IsOurs: true, ContenderProcess.StartOwn([TrainingStep.Command, .. race.Arguments(precision)]));
        if (ContenderProcess.TryStartPeer(python, "train.py", race.Arguments(precision)) is { } peer)
        {
            yield return new Contender($"PyTorch {peer.Version} {name}", precision, IsOurs: false, peer);
        }
    }

    private void Measure(Contender[] contenders)
    {
        // The same weights and batch give the same loss, before the first step and after the last.
        Array.ForEach(contenders, contender => contender.LossBefore = contender.Process.Ask<float>("loss"));
        for (int step = 0; step < WarmUpSteps; step++)
        {
            Array.ForEach(contenders, contender => contender.Process.Ask<Cost>("step"));
        }

        Cost[] costs = AlternatingRounds.Medians([.. contenders.Select<Contender, Func<Cost>>(contender => () => contender.Process.Ask<Cost>("step"))], rounds);
        foreach ((Contender contender, Cost cost) in contenders.Zip(costs))
        {
            contender.Step = cost;
            contender.PeakMemory = contender.Process.Ask<long>("memory");
            contender.LossAfter = contender.Process.Ask<float>("loss");
        }
    }

    /// <summary>Time over that of PyTorch in the same precision, where it took part; speed over one's own in float32.</summary>
    private static (Cost? ToPyTorch, Cost Speed) Ratios(Contender[] contenders, Contender contender)
    {
        Contender? peer = Array.Find(contenders, other => !other.IsOurs && other.Precision == contender.Precision);
        Contender single = Array.Find(contenders, other => other.IsOurs == contender.IsOurs && other.Precision == TrainingPrecision.Float32)!;
        return (peer is null ? null : Over(contender.Step, peer.Step), Over(single.Step, contender.Step));

        static Cost Over(Cost one, Cost other) => new(one.Elapsed / other.Elapsed, one.Processor / other.Processor);
    }

    /// <summary>Draws the weights, the centres and the batch.</summary>
    public static void WriteFiles(TrainingRace race)
    {
        RandomWeights.Write(race.Backbone, race.Weights);
        using (var noGradient = no_grad())
        using (NewDisposeScope())
        {
            RandomWeights.Write(race.Centers, [("weight", nn.init.normal_(empty(race.People, EmbeddingSize), 0, 0.01))]);
        }

        byte[] pixels = new byte[race.BatchSize * FaceTensor.ByteCount];
        long[] labels = new long[race.BatchSize];
        for (int i = 0; i < race.BatchSize; i++)
        {
            (int person, int picture) = Math.DivRem(i, PicturesPerPerson);
            using Microsoft.ML.Data.MLImage image = FaceImage.FromBytes(DrawnFaces.DrawJpeg(seed: 1, person, picture), "drawn");
            FaceTensor.FromImage(image, pixels.AsSpan(i * FaceTensor.ByteCount, FaceTensor.ByteCount));
            labels[i] = person * (race.People / race.BatchSize);
        }

        using FileStream batch = File.Create(race.Batch);
        batch.Write(pixels);
        batch.Write(MemoryMarshal.AsBytes(labels.AsSpan()));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
