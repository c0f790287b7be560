using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Export;

/// <summary>
/// Builds an ONNX graph node by node. A value is known by its name, which is that of the node it comes from; a node is
/// named by its operator and a running number.
/// </summary>
internal sealed class OnnxGraph
{
    /// <summary>Operators are those of this version, which runtimes since 2021 know.</summary>
    public const int OperatorSet = 13;

    private const int IrVersion = 7;
    private const string BatchDimension = "batch";

    private readonly GraphProto _graph = new();

    public OnnxGraph(string name) => _graph.Name = name;

    /// <summary>Declares an input [batch, sizes…] of float32.</summary>
    public string Input(string name, params long[] sizes)
    {
        _graph.Input.Add(Value(name, sizes));
        return name;
    }

    /// <summary>Gives a value a name of its own as the output [batch, sizes…] of float32.</summary>
    public void Output(string value, string name, params long[] sizes)
    {
        NodeProto source = _graph.Node.Single(node => node.Output.Contains(value));
        source.Output[source.Output.IndexOf(value)] = name;
        _graph.Output.Add(Value(name, sizes));
    }

    /// <summary>A constant tensor of float32.</summary>
    public string Constant(string name, float[] values, params long[] shape) =>
        Constant(name, MemoryMarshal.AsBytes(values.AsSpan()), TensorProto.Types.DataType.Float, shape);

    /// <summary>A constant vector of whole numbers.</summary>
    public string Constant(string name, params long[] values) =>
        Constant(name, MemoryMarshal.AsBytes(values.AsSpan()), TensorProto.Types.DataType.Int64, [values.Length]);

    /// <summary>Adds a node with one output.</summary>
    public string Node(string operation, string[] inputs, params AttributeProto[] attributes) => Node(operation, inputs, outputs: 1, attributes)[0];

    /// <summary>Adds a node with several outputs.</summary>
    public string[] Node(string operation, string[] inputs, int outputs, params AttributeProto[] attributes)
    {
        var node = new NodeProto { OpType = operation, Name = $"{operation}_{_graph.Node.Count}" };
        node.Input.AddRange(inputs);
        node.Output.AddRange(Enumerable.Range(0, outputs).Select(index => outputs == 1 ? node.Name : $"{node.Name}.{index}"));
        node.Attribute.AddRange(attributes);
        _graph.Node.Add(node);
        return [.. node.Output];
    }

    public static AttributeProto Number(string name, long value) => new() { Name = name, I = value, Type = AttributeProto.Types.AttributeType.Int };

    public static AttributeProto Number(string name, float value) => new() { Name = name, F = value, Type = AttributeProto.Types.AttributeType.Float };

    public static AttributeProto Numbers(string name, params long[] values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.AddRange(values);
        return attribute;
    }

    /// <summary>Makes an attribute of one of a network's nodes, see <see cref="Networks.NodeAttributes"/>.</summary>
    public static AttributeProto Attribute(string name, object value) => value switch
    {
        long number => Number(name, number),
        double number => Number(name, (float)number),
        long[] numbers => Numbers(name, numbers),
        string text => new AttributeProto { Name = name, S = ByteString.CopyFromUtf8(text), Type = AttributeProto.Types.AttributeType.String },
        _ => throw new NotSupportedException($"The attribute '{name}' is of {value.GetType()}, which cannot be written."),
    };

    /// <summary>The whole file.</summary>
    public ModelProto ToModel(IReadOnlyDictionary<string, string> metadata)
    {
        var model = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = "Microsoft.ML.ArcFace",
            ProducerVersion = typeof(OnnxGraph).Assembly.GetName().Version!.ToString(),
            Graph = _graph,
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = OperatorSet });
        model.MetadataProps.AddRange(metadata.Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }));
        return model;
    }

    private string Constant(string name, ReadOnlySpan<byte> bytes, TensorProto.Types.DataType type, long[] shape)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(shape);
        _graph.Initializer.Add(tensor);
        return name;
    }

    private static ValueInfoProto Value(string name, long[] sizes)
    {
        var shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = BatchDimension } } };
        shape.Dim.AddRange(sizes.Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }));
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape } },
        };
    }
}
