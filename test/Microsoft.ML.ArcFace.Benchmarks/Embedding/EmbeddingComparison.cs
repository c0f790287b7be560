using System.Globalization;
using System.Numerics.Tensors;
using System.Text.Json;
using Microsoft.ML.ArcFace.Samples.Drawing;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>
/// From JPEG files to embeddings, in batches through Transform and one by one through PredictionEngine: ours beside
/// ML.NET's ApplyOnnxModel, ONNX Runtime and PyTorch with the same weights, as ratios.
/// </summary>
internal sealed class EmbeddingComparison(int rounds, int faces, int batchSize, int threads, string? folder, string python, bool withAvx2, string? otherBuild)
{
    private static readonly string[] OnnxNames = ["ApplyOnnxModel", "ONNX Runtime"];

    /// <summary>Measures the networks one after the other, prints a table of each, and returns what a JSON file is to hold.</summary>
    public object Run(IEnumerable<BackboneArchitecture> backbones)
    {
        string work = Directory.CreateTempSubdirectory("arcface-compare-").FullName;
        try
        {
            if (folder is null)
            {
                DrawnFaces.WriteFolder(Path.Combine(work, "faces"), people: (faces + 3) / 4, picturesPerPerson: 4, seed: 1);
            }

            string[] files = [.. Directory.EnumerateFiles(folder ?? Path.Combine(work, "faces"), "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(faces)];
            set_num_threads(threads);
            Microsoft.ML.ArcFace.Runtime.ProcessorThreads.CountBy(() => threads);
            MachineFloor floor = MachineFloor.Measure();
            return new
            {
                faces = files.Length, batchSize, threads, rounds, floor,
                networks = backbones.Select(backbone => Compare(new Race(backbone, files, batchSize, threads, work), floor)).ToArray(),
                firstPredictionMilliseconds = FirstPrediction.Measure(work, files[0], runs: 5),
            };
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private object Compare(Race race, MachineFloor floor)
    {
        WriteModels(race);
        ProcessContender? avx2 = withAvx2 ? ProcessContender.WithoutAvx512(race) : null;
        double rate = avx2?.MeasureRate() ?? 0;
        IContender[] contenders =
        [
            .. new IContender?[]
            {
                PipelineContender.OfArcFace(race, InferencePrecision.Float32), PipelineContender.OfArcFace(race, InferencePrecision.BFloat16), avx2,
                PipelineContender.OfApplyOnnxModel(race), new OnnxRuntimeContender(race),
                TorchContender.TryStart(race, python, "float32"), TorchContender.TryStart(race, python, "bfloat16"),
            }.OfType<IContender>(),
            .. otherBuild is null ? [] : OfBothBuilds(race),
        ];
        double[] cosines = SmallestCosines(contenders);
        Cost[] batches = AlternatingRounds.Medians([.. contenders.Select<IContender, Func<Cost>>(contender => contender.MeasureAll)], rounds);
        Cost[] singles = AlternatingRounds.Medians([.. contenders.Select<IContender, Func<Cost>>(contender => contender.MeasureSingle)], rounds);
        rate = Math.Max(rate, avx2?.MeasureRate() ?? 0);
        Array.ForEach(contenders, contender => contender.Dispose());

        Cost batchPeer = Fastest(contenders, batches), singlePeer = Fastest(contenders, singles);
        Console.WriteLine(Text($"{race.Backbone.ToShortName()}: speed relative to the faster of {string.Join(" and ", OnnxNames)}; {race.Files.Count} JPEG files, batch {batchSize}, {threads} threads, medians of {rounds} alternating rounds"));
        Console.WriteLine("| | batch, elapsed | batch, processor | single, elapsed | single, processor | ms a face | ms single | smallest cosine |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        for (int i = 0; i < contenders.Length; i++)
        {
            Console.WriteLine(Text(
                $"| {contenders[i].Name} | {batchPeer.Elapsed / batches[i].Elapsed:0.00} | {batchPeer.Processor / batches[i].Processor:0.00} | {singlePeer.Elapsed / singles[i].Elapsed:0.00} | {singlePeer.Processor / singles[i].Processor:0.00} | {batches[i].Elapsed / race.Files.Count:0.00} | {singles[i].Elapsed:0.00} | {cosines[i]:0.00000} |"));
        }

        (double single, double rounded) = floor.MillisecondsOf(race.Backbone);
        Console.WriteLine(Text($"Floor of the multiply-adds of a face on one thread: {single:0.0} ms in float32, {rounded:0.0} ms in bfloat16."));
        double? avx2Share = avx2 is null ? null : MachineFloor.MultiplyAddsOf(race.Backbone) * race.Files.Count / rate * 1e3 / batches[Array.IndexOf(contenders, avx2)].Processor;
        if (avx2Share is { } share)
        {
            Console.WriteLine(Text($"AVX2: one thread made {rate:0.0} billion multiply-adds a second; batches reach {share:0.00} of that by processor time, decoding included."));
        }

        if (otherBuild is not null)
        {
            foreach (int other in Enumerable.Range(1, contenders.Length - 1).Where(index => contenders[index].Name.StartsWith("the other build", StringComparison.Ordinal)))
            {
                Console.WriteLine(Text($"{contenders[other - 1].Name} takes {batches[other - 1].Processor / batches[other].Processor:0.000} of the other's processor time in batches, {singles[other - 1].Processor / singles[other].Processor:0.000} one by one."));
            }
        }

        Console.WriteLine();
        return new
        {
            network = race.Backbone.ToShortName(),
            avx2 = avx2 is null ? null : new { rate, share = avx2Share },
            floorMilliseconds = new { single, rounded },
            contenders = contenders.Select((contender, i) => new
            {
                name = contender.Name,
                batch = batches[i],
                single = singles[i],
                batchSpeedToOnnx = new Cost(batchPeer.Elapsed / batches[i].Elapsed, batchPeer.Processor / batches[i].Processor),
                singleSpeedToOnnx = new Cost(singlePeer.Elapsed / singles[i].Elapsed, singlePeer.Processor / singles[i].Processor),
                smallestCosine = cosines[i],
            }).ToArray(),
        };
    }

    /// <summary>This build and the other one, side by side, each in a process of its own.</summary>
    private IEnumerable<IContender> OfBothBuilds(Race race) =>
        from precision in new[] { InferencePrecision.Float32, InferencePrecision.BFloat16 }
        from build in new[] { null, otherBuild }
        select ProcessContender.OfBuild(race, precision, build);

    /// <summary>The same weights in every form.</summary>
    private static void WriteModels(Race race)
    {
        RandomWeights.Write(race.Backbone, race.Weights);
        var ml = new MLContext(seed: 1);
        IDataView rows = ml.Data.LoadFromEnumerable<FileRow>([]);
        var pipeline = ml.Transforms.LoadFaceImages("Image", nameof(FileRow.ImagePath)).Append(ml.Transforms.EmbedFaces(nameof(EmbeddingRow.Embedding), "Image", race.Weights, race.Backbone)).Fit(rows);
        ml.Model.Save(pipeline, rows.Schema, race.Model);
        ml.FaceRecognition().ExportToOnnx(pipeline, race.Onnx);
        pipeline.LastTransformer.Dispose();
    }

    /// <summary>For each contender the least cosine of an embedding to that of the first, so that all compute the same.</summary>
    private static double[] SmallestCosines(IContender[] contenders)
    {
        float[][] expected = contenders[0].Embed();
        return [.. contenders.Select(contender => (double)contender.Embed().Zip(expected, (one, other) => TensorPrimitives.CosineSimilarity(one, other)).Min())];
    }

    private static Cost Fastest(IContender[] contenders, Cost[] costs)
    {
        Cost[] onnx = [.. costs.Where((_, index) => OnnxNames.Contains(contenders[index].Name))];
        return new Cost(onnx.Min(cost => cost.Elapsed), onnx.Min(cost => cost.Processor));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
