using Google.Protobuf;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>
/// Detectors as ONNX graphs, parsed, computed by ONNX Runtime and decoded: what the process grows by is bounded, and the sizes
/// of all values are those that were computed beforehand. Mostly nodes, attributes and constants are exchanged.
/// </summary>
internal sealed class DetectorTarget() : FuzzTarget("detector")
{
    /// <summary>What one file may add to the resident set: the bound of a pass, of which ONNX Runtime may hold two copies, and the parsed file.</summary>
    private const long MostGrowth = 1L << 30;

    private const int Width = 96, Height = 64;

    private static readonly string[] s_operators = [.. GraphOperators.Names, "Loop", "If", "Scan", "RandomNormal", "NonZero", "Unknown"];

    private static readonly string[] s_attributes = ["axis", "axes", "pads", "strides", "dilations", "group", "perm", "keepdims", "to", "blocksize", "kernel_shape", "ceil_mode", "k", "start", "end", "transA", "allowzero", "output_shape"];

    private static readonly long[] s_numbers = [0, 1, -1, 2, 3, 4, 7, 8, 16, 64, 96, 255, 256, 1000, 4096, 6144, 65_536, 1 << 20, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 1L << 40, long.MaxValue, long.MinValue];

    private static readonly DetectionSettings s_settings = new(0.5, 0.4, MaxFaces: null, InputSize: 640, EnlargeSmallPhotographs: false, MainFace.LargestNearCenter);

    // Up to a million fields are parsed, however short the file.
    public override long FixedAllowance => 320 << 20;

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        .. new[] { DetectorModels.Scrfd.OneFace(), DetectorModels.Scrfd.TwoFaces(), DetectorModels.Scrfd.OneFace(hasLandmarks: false) }.Select(Small),
    ];

    public override IReadOnlyList<byte[]> Tokens { get; } =
    [
        .. s_operators.Select(name => (byte[])[0x22, (byte)name.Length, .. System.Text.Encoding.ASCII.GetBytes(name)]),
        .. s_attributes.Select(name => (byte[])[0x0A, (byte)name.Length, .. System.Text.Encoding.ASCII.GetBytes(name)]),
    ];

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        .. HostileGraphs.All.Select(graph => (graph.What, graph.File())),
        ("as many empty attributes as are parsed", HostileGraphs.EmptyAttributes(GraphScan.MostFields - 10)),
        ("a detector that grows with the picture", HostileGraphs.GrowsWithThePicture()),
    ];

    public override bool IsRefusal(Exception exception) => exception is WeightsFormatException;

    public override byte[] Mutate(Random random)
    {
        if (random.Next(4) == 0)
        {
            return Mutate(random, Seeds);
        }

        ModelProto model = ModelProto.Parser.ParseFrom(Seeds[random.Next(Seeds.Count)]);
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            Change(random, model.Graph);
        }

        return model.ToByteArray();
    }

    public override void Read(byte[] file, AllocationMeter meter)
    {
        const long passes = 8 << 20;
        meter.Allow(passes);
        Exception? refusal = null;
        long growth = ProcessMemory.GrowthBy(() =>
        {
            try
            {
                Detect(file);
            }
            catch (WeightsFormatException error)
            {
                refusal = error;
            }
        });
        Require(growth <= MostGrowth, $"the process grew by {growth >> 20} MiB");
        if (refusal is not null)
        {
            throw refusal;
        }

        CompareSizes(GraphFile.Parse(file));
    }

    private static void Detect(byte[] file)
    {
        using FaceDetector detector = FaceDetector.Create(file, kind: null);
        foreach ((int width, int height) in new[] { (Width, Height), (300, 200) })
        {
            using MLImage image = MLImage.CreateFromPixels(width, height, MLPixelFormat.Bgra32, new byte[width * height * 4]);
            foreach (DetectedFace face in detector.Detect(image, s_settings))
            {
                Require(face.IsSound && face.Score >= s_settings.ScoreThreshold, "a face without an area, or of a low score");
            }
        }
    }

    /// <summary>Computes every value of a graph that detects, and looks that it has the sizes by which the graph was let in.</summary>
    private static void CompareSizes(ModelProto model)
    {
        GraphCost cost;
        try
        {
            cost = GraphCost.Of(model.Graph, input => DetectorGraph.SizesOf(input, Width, Height), GraphLimits.For(Width * Height));
        }
        catch (GraphSizesException)
        {
            return; // It takes another size.
        }

        string[] names = [.. model.Graph.Node.SelectMany(node => node.Output).Where(output => output.Length > 0)];
        model.Graph.Output.Clear();
        model.Graph.Output.Add(names.Select(name => new ValueInfoProto { Name = name }));
        model.Graph.ValueInfo.Clear();
        using var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using var session = new InferenceSession(DetectorGraph.WithOpenSizes(model).ToByteArray(), options);
        using var run = new RunOptions();
        using OrtValue picture = OrtValue.CreateTensorValueFromMemory(new float[3 * Width * Height], [1, 3, Height, Width]);
        using IDisposableReadOnlyCollection<OrtValue> values = session.Run(run, [.. session.InputMetadata.Keys], [picture], names);
        for (int i = 0; i < names.Length; i++)
        {
            Require(values[i].GetTensorTypeAndShape().Shape.AsSpan().SequenceEqual(cost.Values[names[i]].Shape), $"'{names[i]}' has the sizes {string.Join(", ", values[i].GetTensorTypeAndShape().Shape)} instead of {cost.Values[names[i]]}");
        }
    }

    private static void Change(Random random, GraphProto graph)
    {
        NodeProto node = graph.Node[random.Next(graph.Node.Count)];
        switch (random.Next(8))
        {
            case 0:
                node.OpType = s_operators[random.Next(s_operators.Length)];
                break;
            case 1 when node.Input.Count > 0:
                node.Input[random.Next(node.Input.Count)] = AnyValue(random, graph);
                break;
            case 2:
                node.Input.Add(AnyValue(random, graph));
                break;
            case 3 when node.Attribute.Count > 0 && node.Attribute[random.Next(node.Attribute.Count)] is { Ints.Count: > 0 } attribute:
                attribute.Ints[random.Next(attribute.Ints.Count)] = AnyNumber(random);
                break;
            case 4:
                node.Attribute.Add(random.Next(2) == 0
                    ? new AttributeProto { Name = s_attributes[random.Next(s_attributes.Length)], Type = AttributeProto.Types.AttributeType.Int, I = AnyNumber(random) }
                    : new AttributeProto { Name = s_attributes[random.Next(s_attributes.Length)], Type = AttributeProto.Types.AttributeType.Ints, Ints = { Enumerable.Range(0, random.Next(5)).Select(_ => AnyNumber(random)) } });
                break;
            case 5:
                TensorProto[] sizes = [.. graph.Initializer.Where(tensor => tensor.DataType == (int)TensorProto.Types.DataType.Int64)];
                TensorProto chosen = sizes[random.Next(sizes.Length)];
                byte[] bytes = chosen.RawData.ToByteArray();
                BitConverter.GetBytes(AnyNumber(random)).CopyTo(bytes, sizeof(long) * random.Next(bytes.Length / sizeof(long)));
                chosen.RawData = ByteString.CopyFrom(bytes);
                break;
            case 6:
                // A node between two others, which takes any value.
                var between = new NodeProto { OpType = s_operators[random.Next(s_operators.Length)], Input = { AnyValue(random, graph), AnyValue(random, graph) }, Output = { $"between_{graph.Node.Count}" } };
                graph.Node.Insert(random.Next(graph.Node.Count + 1), between);
                break;
            default:
                TensorProto tensor = graph.Initializer[random.Next(graph.Initializer.Count)];
                tensor.Dims.Add(random.Next(2) == 0 ? 1 : AnyNumber(random));
                break;
        }
    }

    private static long AnyNumber(Random random) => s_numbers[random.Next(s_numbers.Length)];

    private static string AnyValue(Random random, GraphProto graph)
    {
        string[] names = [.. graph.Node.SelectMany(node => node.Output), .. graph.Initializer.Select(tensor => tensor.Name), graph.Input[0].Name, ""];
        return names[random.Next(names.Length)];
    }

    /// <summary>The same detector with its zeros made by nodes, so that damage meets what decides.</summary>
    private static byte[] Small(DetectorModels.Scrfd detector)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(detector.ToBytes());
        GraphProto graph = model.Graph;
        foreach (TensorProto zeros in graph.Initializer.Where(tensor => tensor.RawData.Length > 1024 && !tensor.RawData.Span.ContainsAnyExcept((byte)0)).ToArray())
        {
            graph.Initializer.Remove(zeros);
            graph.Initializer.Add(new TensorProto
            {
                Name = $"sizes_of_{zeros.Name}", DataType = (int)TensorProto.Types.DataType.Int64, Dims = { zeros.Dims.Count }, RawData = ByteString.CopyFrom([.. zeros.Dims.SelectMany(BitConverter.GetBytes)]),
            });
            graph.Node.Insert(0, new NodeProto { OpType = "ConstantOfShape", Name = $"zeros_{zeros.Name}", Input = { $"sizes_of_{zeros.Name}" }, Output = { zeros.Name } });
        }

        return model.ToByteArray();
    }
}
