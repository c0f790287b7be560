using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>
/// A recognizer of others from its .onnx file: from pixels in memory to embeddings, ours beside ML.NET's ApplyOnnxModel and ONNX
/// Runtime on the same file. A file that takes one picture at a time is given one at a time.
/// </summary>
internal sealed class GraphComparison(string file, int rounds, int faces, int batchSize, int threads)
{
    private const string Output = "Embedding";

    /// <summary>Measures, prints a table, and returns what a JSON file is to hold.</summary>
    public object Run()
    {
        GraphNetwork graph = GraphNetwork.Open(file);
        int area = graph.Input.Width * graph.Input.Height, length = 3 * area;
        byte[] bytes = new byte[faces * length];
        new Random(1).NextBytes(bytes);
        float[] inputs = graph.Input.IsChannelsLast ? Array.ConvertAll(bytes, Normalized) : [.. Enumerable.Range(0, bytes.Length).Select(i => Normalized(bytes[(i / length * length) + (i % area * 3) + (i % length / area)]))];
        float[][] rows = [.. inputs.Chunk(length)];

        using var network = new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => threads);
        using var options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1, GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
        using var session = new InferenceSession(file, options);
        using var run = new RunOptions();
        int batch = session.InputMetadata[graph.Input.Name].Dimensions[0] == 1 ? 1 : batchSize;
        var ml = new MLContext(seed: 1);
        SchemaDefinition schema = SchemaDefinition.Create(typeof(Pixels));
        schema[nameof(Pixels.Values)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, length);
        schema[nameof(Pixels.Values)].ColumnName = graph.Input.Name;
        IDataView view = ml.Data.LoadFromEnumerable(rows.Select(row => new Pixels { Values = row }), schema);
        ITransformer applied = ml.Transforms.ApplyOnnxModel(new Transforms.Onnx.OnnxOptions
        {
            ModelFile = file,
            InputColumns = [graph.Input.Name],
            OutputColumns = [graph.OutputName],
            ShapeDictionary = new Dictionary<string, int[]> { [graph.Input.Name] = [.. graph.Input.Sizes.Select(size => (int)size)], [graph.OutputName] = [1, graph.Network.OutputSize] },
            IntraOpNumThreads = threads,
        }).Append(ml.Transforms.CopyColumns(Output, graph.OutputName)).Fit(view);
        IDataView single = applied.Transform(ml.Data.LoadFromEnumerable(rows.Take(1).Select(row => new Pixels { Values = row }), schema));

        string[] names = ["ArcFace", "ApplyOnnxModel", "ONNX Runtime"];
        Func<float[][]>[] all =
        [
            () => [.. Enumerable.Range(0, faces).Chunk(batchSize).SelectMany(chunk => network.Embed(bytes.AsSpan(chunk[0] * length), chunk.Length).Chunk(graph.Network.OutputSize))],
            () => [.. applied.Transform(view).GetColumn<float[]>(Output)],
            () => [.. rows.Chunk(batch).SelectMany(chunk => OnnxRuntime([.. chunk.SelectMany(row => row)], chunk.Length))],
        ];
        Action[] singles = [() => network.Embed(bytes.AsSpan(0, length), 1), () => _ = single.GetColumn<float[]>(Output).ToArray(), () => OnnxRuntime(rows[0], 1)];
        float[][] expected = all[^1]();
        double[] cosines = [.. all.Select(embed => (double)embed().Zip(expected, (one, other) => TensorPrimitives.CosineSimilarity(one, other)).Min())];
        Cost[] batches = AlternatingRounds.Medians([.. all.Select<Func<float[][]>, Func<Cost>>(embed => () => AlternatingRounds.Measure(() => embed()))], rounds);
        Cost[] ones = AlternatingRounds.Medians([.. singles.Select<Action, Func<Cost>>(embed => () => AlternatingRounds.Measure(embed, 8))], rounds);

        var batchPeer = new Cost(batches.Skip(1).Min(cost => cost.Elapsed), batches.Skip(1).Min(cost => cost.Processor));
        var onePeer = new Cost(ones.Skip(1).Min(cost => cost.Elapsed), ones.Skip(1).Min(cost => cost.Processor));
        Console.WriteLine(Text($"{Path.GetFileName(file)}: speed relative to the faster of ApplyOnnxModel and ONNX Runtime; {faces} faces as pixels in memory, batch {batchSize} ({batch} for ONNX Runtime), {threads} threads, medians of {rounds} alternating rounds"));
        Console.WriteLine("| | batch, elapsed | batch, processor | single, elapsed | single, processor | ms a face | ms single | smallest cosine |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        for (int i = 0; i < names.Length; i++)
        {
            Console.WriteLine(Text(
                $"| {names[i]} | {batchPeer.Elapsed / batches[i].Elapsed:0.00} | {batchPeer.Processor / batches[i].Processor:0.00} | {onePeer.Elapsed / ones[i].Elapsed:0.00} | {onePeer.Processor / ones[i].Processor:0.00} | {batches[i].Elapsed / faces:0.00} | {ones[i].Elapsed:0.00} | {cosines[i]:0.00000} |"));
        }

        return new { file = Path.GetFileName(file), sha256 = graph.Sha256, faces, batchSize, threads, rounds, contenders = names.Select((name, i) => new { name, batch = batches[i], single = ones[i], smallestCosine = cosines[i] }).ToArray() };

        float[][] OnnxRuntime(float[] values, int count)
        {
            using OrtValue value = OrtValue.CreateTensorValueFromMemory(values, [count, .. graph.Input.Sizes[1..]]);
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, [graph.Input.Name], [value], [graph.OutputName]);
            return [.. outputs[0].GetTensorDataAsSpan<float>().ToArray().Chunk(graph.Network.OutputSize)];
        }
    }

    private static float Normalized(byte value) => (value - 127.5f) / 127.5f;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed class Pixels
    {
        public float[] Values { get; set; } = [];
    }
}
