using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Export;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.OnnxRuntime;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>An ONNX file that a test puts together node by node, in any version, with random weights.</summary>
/// <param name="version">The version of the operators.</param>
internal sealed class GraphModel(int version = 13)
{
    private readonly Random _random = new(7);

    public GraphProto Graph { get; } = new() { Name = "test" };

    /// <summary>Declares the picture; a size of 0 is left open.</summary>
    public string Input(string name, DataType type, params long[] sizes)
    {
        Graph.Input.Add(Value(name, type, sizes));
        return name;
    }

    public string Input(params long[] sizes) => Input("face", DataType.Float, sizes);

    /// <summary>A tensor of random numbers around 0.</summary>
    public string Random(params long[] shape) => Floats([.. Draw(shape).Select(value => value)], shape);

    /// <summary>A tensor of random positive numbers.</summary>
    public string Positive(params long[] shape) => Floats([.. Draw(shape).Select(value => 0.5f + Math.Abs(value))], shape);

    public string Floats(float[] values, params long[] shape) => Tensor(DataType.Float, MemoryMarshal.AsBytes<float>(values).ToArray(), shape);

    public string Halves(float[] values, params long[] shape) => Tensor(DataType.Float16, MemoryMarshal.AsBytes<Half>([.. values.Select(value => (Half)value)]).ToArray(), shape);

    public string Doubles(float[] values, params long[] shape) => Tensor(DataType.Double, MemoryMarshal.AsBytes<double>([.. values.Select(value => (double)value)]).ToArray(), shape);

    public string Longs(params long[] values) => Tensor(DataType.Int64, MemoryMarshal.AsBytes<long>(values).ToArray(), [values.Length]);

    public string Long(long value) => Tensor(DataType.Int64, MemoryMarshal.AsBytes<long>([value]).ToArray(), []);

    public string Float(float value) => Floats([value]);

    public float[] Draw(long[] shape) => [.. Enumerable.Range(0, TensorIndexes.Count(shape)).Select(_ => (float)((_random.NextDouble() * 2) - 1))];

    public string Node(string operation, string[] inputs, params (string Name, object Value)[] attributes) => Nodes(operation, inputs, 1, attributes)[0];

    public string[] Nodes(string operation, string[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        string name = FormattableString.Invariant($"{operation}_{Graph.Node.Count}");
        var node = new NodeProto { OpType = operation, Name = name, Input = { inputs }, Attribute = { attributes.Select(attribute => OnnxGraph.Attribute(attribute.Name, attribute.Value)) } };
        node.Output.AddRange(outputs == 1 ? [name + "_out"] : Enumerable.Range(0, outputs).Select(number => FormattableString.Invariant($"{name}_out{number}")));
        Graph.Node.Add(node);
        return [.. node.Output];
    }

    /// <summary>The last layers of most recognizers: a flattened map and a product with a bias.</summary>
    public string Head(string map, long columns, long outputs = 8) =>
        Node("Gemm", [Node("Flatten", [map]), Random(outputs, columns), Random(outputs)], ("transB", 1L));

    public byte[] ToBytes(params string[] outputs)
    {
        var model = new ModelProto { IrVersion = version < 9 ? 3 : 8, ProducerName = "test", Graph = Graph.Clone(), OpsetImport = { new OperatorSetIdProto { Version = version } } };
        model.Graph.Output.AddRange(outputs.Select(output => Value(output, DataType.Float, null)));
        if (model.IrVersion == 3)
        {
            // Files of that time name their tensors among the inputs.
            model.Graph.Input.AddRange(model.Graph.Initializer.Select(tensor => Value(tensor.Name, (DataType)tensor.DataType, [.. tensor.Dims])));
        }

        return model.ToByteArray();
    }

    /// <summary>What ONNX Runtime makes of a file and one batch of pictures.</summary>
    public static float[] Run(byte[] file, string input, long[] shape, float[] pictures, string? output = null)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL };
        using var session = new InferenceSession(file, options);
        using var run = new RunOptions();
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(pictures, shape);
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, [input], [value], [output ?? session.OutputMetadata.Keys.First()]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private string Tensor(DataType type, byte[] bytes, long[] shape)
    {
        string name = FormattableString.Invariant($"tensor.{Graph.Initializer.Count}");
        Graph.Initializer.Add(new TensorProto { Name = name, DataType = (int)type, Dims = { shape }, RawData = ByteString.CopyFrom(bytes) });
        return name;
    }

    private static ValueInfoProto Value(string name, DataType type, long[]? sizes)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type };
        if (sizes is not null)
        {
            tensor.Shape = new TensorShapeProto { Dim = { sizes.Select((size, axis) => size == 0 ? new TensorShapeProto.Types.Dimension { DimParam = FormattableString.Invariant($"n{axis}") } : new TensorShapeProto.Types.Dimension { DimValue = size }) } };
        }

        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
