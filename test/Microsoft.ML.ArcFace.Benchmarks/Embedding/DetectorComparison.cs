using System.Globalization;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>
/// A face detector from its .onnx file: from numbers in memory to all outputs, ours beside ONNX Runtime on the same file, for pictures
/// of several sizes.
/// </summary>
internal sealed class DetectorComparison(string file, int rounds, int threads)
{
    private static readonly int[] s_sides = [320, 640];

    /// <summary>Measures, prints a table, and returns what a JSON file is to hold.</summary>
    public object Run()
    {
        byte[] onnx = File.ReadAllBytes(file);
        using var detector = FaceDetector.Create(onnx, kind: null);
        IReadOnlyList<string> outputs = detector.Decoder.OutputNames;
        using var options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1, GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
        using var session = new InferenceSession(Google.Protobuf.MessageExtensions.ToByteArray(DetectorGraph.WithOpenSizes(GraphFile.Parse(onnx))), options);
        string input = session.InputMetadata.Keys.Single();
        Console.WriteLine(Text($"{Path.GetFileName(file)}: speed relative to ONNX Runtime; pictures as numbers in memory, one at a time, {threads} threads, medians of {rounds} alternating rounds"));
        Console.WriteLine("| | elapsed | processor | ms | ms, ONNX Runtime | ms to the first picture | largest difference |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        return s_sides.Select(side => Measure(side, GraphFile.Parse(onnx), outputs, session, input)).ToArray();
    }

    private object Measure(int side, ModelProto model, IReadOnlyList<string> outputs, InferenceSession session, string input)
    {
        var random = new Random(1);
        int area = side * side;
        float[] picture = [.. Enumerable.Range(0, 3 * area).Select(_ => (float)random.Next(256))], planes = [.. Enumerable.Range(0, 3 * area).Select(i => picture[(i % area * 3) + (i / area)])];
        using var run = new RunOptions();
        using var graph = new PictureGraph(DetectorGraph.WithOpenSizes(model), outputs, 96, 64);
        double first = AlternatingRounds.Measure(() => graph.Run(picture, side, side)).Elapsed;
        double difference = graph.Run(picture, side, side).Zip(OnnxRuntime()).Max(pair => pair.First.Zip(pair.Second, (one, other) => Math.Abs(one - other) / (1 + Math.Abs(other))).Max());
        Cost[] costs = AlternatingRounds.Medians([() => AlternatingRounds.Measure(() => graph.Run(picture, side, side), 20), () => AlternatingRounds.Measure(() => OnnxRuntime(), 20)], rounds);
        Console.WriteLine(Text($"| {side}×{side} | {costs[1].Elapsed / costs[0].Elapsed:0.00} | {costs[1].Processor / costs[0].Processor:0.00} | {costs[0].Elapsed:0.00} | {costs[1].Elapsed:0.00} | {first:0.0} | {difference:0.0e0} |"));
        return new { side, ours = costs[0], onnxRuntime = costs[1], first, difference };

        float[][] OnnxRuntime()
        {
            using OrtValue value = OrtValue.CreateTensorValueFromMemory(planes, [1, 3, side, side]);
            using IDisposableReadOnlyCollection<OrtValue> values = session.Run(run, [input], [value], outputs);
            return [.. values.Select(output => output.GetTensorDataAsSpan<float>().ToArray())];
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
