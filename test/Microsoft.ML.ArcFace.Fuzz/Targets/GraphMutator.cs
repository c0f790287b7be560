using Google.Protobuf;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>Damages ONNX graphs where it matters: operators, wiring, attributes, sizes. And computes what is left whole.</summary>
internal static class GraphMutator
{
    private static readonly string[] s_operators = [.. GraphOperators.Names, "Loop", "If", "Scan", "RandomNormal", "NonZero", "Unknown"];

    private static readonly string[] s_attributes =
    [
        "axis", "axes", "pads", "strides", "dilations", "group", "perm", "keepdims", "to", "blocksize", "kernel_shape", "ceil_mode", "k", "start", "end", "transA", "transB", "allowzero", "output_shape", "output_padding",
        "size", "num_outputs", "batch_dims", "num_groups", "largest", "sorted", "exclusive", "reverse", "upper", "storage_order", "count_include_pad", "noop_with_empty_axes", "fmod", "block_size", "dtype", "p",
    ];

    private static readonly long[] s_numbers = [0, 1, -1, 2, 3, 4, 7, 8, 16, 64, 96, 255, 256, 1000, 4096, 6144, 65_536, 1 << 20, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 1L << 40, long.MaxValue, long.MinValue];

    /// <summary>Gives names of operators and attributes as they stand in files.</summary>
    public static IReadOnlyList<byte[]> Tokens { get; } =
    [
        .. s_operators.Select(name => (byte[])[0x22, (byte)name.Length, .. System.Text.Encoding.ASCII.GetBytes(name)]),
        .. s_attributes.Select(name => (byte[])[0x0A, (byte)name.Length, .. System.Text.Encoding.ASCII.GetBytes(name)]),
    ];

    /// <summary>Makes one to three changes.</summary>
    public static byte[] Mutate(Random random, byte[] file)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(file);
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            Change(random, model.Graph);
        }

        return model.ToByteArray();
    }

    /// <summary>Computes every value of a graph and looks that it has the sizes by which the graph was let in.</summary>
    public static void CompareSizes(ModelProto model, GraphCost cost, long[] input)
    {
        string[] names = [.. model.Graph.Node.SelectMany(node => node.Output).Where(output => output.Length > 0)];
        model.Graph.Output.Clear();
        model.Graph.Output.Add(names.Select(name => new ValueInfoProto { Name = name }));
        model.Graph.ValueInfo.Clear();
        using var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using var session = new InferenceSession(model.ToByteArray(), options);
        using var run = new RunOptions();
        using OrtValue picture = OrtValue.CreateTensorValueFromMemory(new float[input.Aggregate(1L, (product, size) => product * size)], input);
        string[] inputs = [.. session.InputMetadata.Keys];
        using IDisposableReadOnlyCollection<OrtValue> values = session.Run(run, inputs, [.. inputs.Select(_ => picture)], names);
        for (int i = 0; i < names.Length; i++)
        {
            long[] found = values[i].GetTensorTypeAndShape().Shape;
            if (!found.AsSpan().SequenceEqual(cost.Values[names[i]].Shape))
            {
                throw new FuzzException($"'{names[i]}' has the sizes [{string.Join(", ", found)}] instead of {cost.Values[names[i]]}");
            }

            // Sizes follow from such numbers.
            if (cost.Values[names[i]] is { Numbers: { } numbers, Type: TensorProto.Types.DataType.Int64 } && !values[i].GetTensorDataAsSpan<long>().SequenceEqual([.. numbers.Select(number => number >= long.MaxValue ? long.MaxValue : (long)number)]))
            {
                throw new FuzzException($"'{names[i]}' holds [{string.Join(", ", values[i].GetTensorDataAsSpan<long>().ToArray())}] instead of [{string.Join(", ", numbers)}]");
            }
        }
    }

    private static void Change(Random random, GraphProto graph)
    {
        NodeProto node = graph.Node[random.Next(graph.Node.Count)];
        switch (random.Next(8))
        {
            case 0:
                Name(node, random);
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
            case 5 when graph.Initializer.Any(IsSizes):
                TensorProto[] sizes = [.. graph.Initializer.Where(IsSizes)];
                TensorProto chosen = sizes[random.Next(sizes.Length)];
                byte[] bytes = chosen.RawData.ToByteArray();
                BitConverter.GetBytes(AnyNumber(random)).CopyTo(bytes, sizeof(long) * random.Next(bytes.Length / sizeof(long)));
                chosen.RawData = ByteString.CopyFrom(bytes);
                break;
            case 6:
                // A node between two others, which takes any value.
                var between = new NodeProto { Input = { AnyValue(random, graph), AnyValue(random, graph) }, Output = { $"between_{graph.Node.Count}" } };
                Name(between, random);
                graph.Node.Insert(random.Next(graph.Node.Count + 1), between);
                break;
            default:
                if (graph.Initializer.Count == 0)
                {
                    break;
                }

                TensorProto tensor = graph.Initializer[random.Next(graph.Initializer.Count)];
                if (tensor.Dims.Count > 1 && random.Next(2) == 0)
                {
                    (tensor.Dims[0], tensor.Dims[^1]) = (tensor.Dims[^1], tensor.Dims[0]);
                    break;
                }

                tensor.Dims.Insert(random.Next(tensor.Dims.Count + 1), random.Next(3) > 0 ? 1 : AnyNumber(random));
                break;
        }
    }

    private static long AnyNumber(Random random) => s_numbers[random.Next(s_numbers.Length)];

    private static string AnyValue(Random random, GraphProto graph)
    {
        string[] names = [.. graph.Node.SelectMany(node => node.Output), .. graph.Initializer.Select(tensor => tensor.Name), .. graph.Input.Select(input => input.Name), ""];
        return names[random.Next(names.Length)];
    }

    private static bool IsSizes(TensorProto tensor) => tensor.DataType == (int)TensorProto.Types.DataType.Int64 && tensor.RawData.Length >= sizeof(long);

    private static void Name(NodeProto node, Random random)
    {
        string name = s_operators[random.Next(s_operators.Length)];
        int domain = name.LastIndexOf('.');
        (node.Domain, node.OpType) = (domain < 0 ? "" : name[..domain], name[(domain + 1)..]);
    }
}
