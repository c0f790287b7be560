using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Graphs;
using static Microsoft.ML.ArcFace.Graphs.AttributeProto.Types;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Tests.Graphs;

/// <summary>A graph of constants and a few nodes.</summary>
internal sealed class OperatorCase(string name, int version)
{
    private readonly GraphProto _graph = new() { Name = name };

    public string Name => name;

    /// <summary>The operators that it shows, with the domain before the name.</summary>
    public IEnumerable<string> Operators => _graph.Node.Select(node => node.Domain.Length > 0 ? $"{node.Domain}.{node.OpType}" : node.OpType);

    /// <summary>Adds a constant of float32: 0.5, 1.5, 2.5 …</summary>
    public string Floats(params long[] sizes) => Constant(DataType.Float, MemoryMarshal.AsBytes<float>([.. Enumerable.Range(0, Count(sizes)).Select(i => i + 0.5f)]), sizes);

    public string Bytes(params long[] sizes) => Constant(DataType.Uint8, [.. Enumerable.Range(0, Count(sizes)).Select(i => (byte)i)], sizes);

    public string Truths(params long[] sizes) => Constant(DataType.Bool, [.. Enumerable.Range(0, Count(sizes)).Select(i => (byte)(i & 1))], sizes);

    public string Vector(params long[] numbers) => Constant(DataType.Int64, MemoryMarshal.AsBytes<long>(numbers), [numbers.Length]);

    public string Number(long number) => Constant(DataType.Int64, MemoryMarshal.AsBytes<long>([number]), []);

    public string Scales(params float[] numbers) => Constant(DataType.Float, MemoryMarshal.AsBytes<float>(numbers), [numbers.Length]);

    public string Scale(float number) => Constant(DataType.Float, MemoryMarshal.AsBytes<float>([number]), []);

    public string Node(string operation, string[] inputs, params AttributeProto[] attributes) => Nodes(operation, inputs, outputs: 1, attributes)[0];

    public string[] Nodes(string operation, string[] inputs, int outputs, params AttributeProto[] attributes)
    {
        string[] names = [.. Enumerable.Range(0, outputs).Select(i => $"{operation}_{_graph.Node.Count}_{i}")];
        int domain = operation.LastIndexOf('.');
        _graph.Node.Add(new NodeProto { OpType = operation[(domain + 1)..], Domain = domain < 0 ? "" : operation[..domain], Input = { inputs }, Output = { names }, Attribute = { attributes } });
        return names;
    }

    public ModelProto ToModel()
    {
        var model = new ModelProto { IrVersion = 8, Graph = _graph.Clone(), OpsetImport = { new OperatorSetIdProto { Version = version }, new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 } } };
        model.Graph.Output.Add(new ValueInfoProto { Name = _graph.Node[^1].Output[0] });
        return model;
    }

    private string Constant(DataType type, ReadOnlySpan<byte> bytes, long[] sizes)
    {
        string constant = $"constant_{_graph.Initializer.Count}";
        _graph.Initializer.Add(new TensorProto { Name = constant, DataType = (int)type, Dims = { sizes }, RawData = ByteString.CopyFrom(bytes) });
        return constant;
    }

    private static int Count(long[] sizes) => (int)sizes.Aggregate(1L, (product, size) => product * size);
}

/// <summary>Every allowed operator in the forms that networks use, of older versions, too.</summary>
internal static class OperatorCases
{
    private const int Newest = 18;

    public static IReadOnlyList<OperatorCase> All { get; } =
    [
        .. Unary("Abs", "Acos", "Asin", "Atan", "Ceil", "Celu", "Clip", "Cos", "Dropout", "Elu", "Erf", "Exp", "Floor", "HardSigmoid", "HardSwish", "Hardmax", "Identity", "LeakyRelu", "Log", "LogSoftmax", "LpNormalization",
            "MeanVarianceNormalization", "Mish", "Neg", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Softmax", "Softplus", "Softsign", "Sqrt", "Tan", "Tanh", "ThresholdedRelu", "IsInf", "IsNaN",
            "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "ArgMax", "ArgMin",
            "Flatten", "Shape", "Size", "Transpose", "Trilu"),
        Case("Gelu", node => node.Node("Gelu", [node.Floats(2, 3)]), version: 20),
        Case("LRN", node => node.Node("LRN", [node.Floats(1, 4, 3, 3)], Int("size", 3))),
        Case("CumSum", node => node.Node("CumSum", [node.Floats(2, 3), node.Number(1)])),
        Case("Dropout with a mask", node => node.Nodes("Dropout", [node.Floats(2, 3)], outputs: 2)),
        Case("Not", node => node.Node("Not", [node.Truths(2, 3)])),
        Case("Cast", node => node.Node("Cast", [node.Floats(2, 3)], Int("to", (long)DataType.Int64))),
        .. Binary(isTruth: false, "Add", "Sub", "Mul", "Div", "Mod", "Pow", "PRelu", "Max", "Min", "Sum", "Mean", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"),
        .. Binary(isTruth: true, "And", "Or", "Xor"),
        Case("Where", node => node.Node("Where", [node.Truths(3), node.Floats(2, 1), node.Floats(1)])),
        Case("whole numbers", node => node.Node("Div", [node.Node("Mul", [node.Vector(7, -9), node.Number(3)]), node.Vector(2, 4)])),
        Case("BatchNormalization", node => node.Node("BatchNormalization", [node.Floats(1, 4, 3, 3), node.Floats(4), node.Floats(4), node.Floats(4), node.Floats(4)])),
        Case("InstanceNormalization", node => node.Node("InstanceNormalization", [node.Floats(1, 4, 3, 3), node.Floats(4), node.Floats(4)])),
        Case("LayerNormalization", node => node.Node("LayerNormalization", [node.Floats(2, 4), node.Floats(4), node.Floats(4)])),
        Case("GroupNormalization", node => node.Node("GroupNormalization", [node.Floats(1, 4, 3, 3), node.Floats(2), node.Floats(2)], Int("num_groups", 2))),
        Case("Conv", node => node.Node("Conv", [node.Floats(1, 4, 9, 7), node.Floats(6, 2, 3, 3)], Ints("pads", 1, 0, 2, 1), Ints("strides", 2, 1), Ints("dilations", 1, 2), Int("group", 2))),
        Case("Conv of the same size", node => node.Node("Conv", [node.Floats(1, 4, 9, 7), node.Floats(6, 4, 3, 3), node.Floats(6)], Text("auto_pad", "SAME_UPPER"), Ints("strides", 2, 2))),
        Case("ConvTranspose", node => node.Node("ConvTranspose", [node.Floats(1, 4, 5, 3), node.Floats(4, 3, 3, 3)], Ints("strides", 2, 2), Ints("pads", 1, 1, 1, 1), Ints("output_padding", 1, 0), Int("group", 2))),
        Case("ConvTranspose to a size", node => node.Node("ConvTranspose", [node.Floats(1, 4, 5, 3), node.Floats(4, 3, 2, 2)], Ints("strides", 2, 2), Ints("output_shape", 10, 6))),
        Case("Gemm", node => node.Node("Gemm", [node.Floats(4, 2), node.Floats(3, 4), node.Floats(3)], Int("transA", 1), Int("transB", 1))),
        Case("MatMul", node => node.Node("MatMul", [node.Floats(2, 1, 3, 4), node.Floats(5, 4, 6)])),
        Case("MatMul of vectors", node => node.Node("MatMul", [node.Floats(4), node.Floats(4)])),
        .. new[] { "MaxPool", "AveragePool", "LpPool" }.Select(pool => Case(pool, node => node.Node(pool, [node.Floats(1, 2, 9, 7)], Ints("kernel_shape", 3, 2), Ints("strides", 2, 2), Ints("pads", 1, 0, 1, 1)))),
        Case("MaxPool rounded up, with places", node => node.Nodes("MaxPool", [node.Floats(1, 2, 8, 7)], outputs: 2, Ints("kernel_shape", 3, 3), Ints("strides", 3, 2), Int("ceil_mode", 1))),
        Case("Concat", node => node.Node("Concat", [node.Floats(2, 3), node.Floats(2, 1)], Int("axis", -1))),
        Case("DepthToSpace", node => node.Node("DepthToSpace", [node.Floats(1, 8, 3, 2)], Int("blocksize", 2))),
        Case("SpaceToDepth", node => node.Node("SpaceToDepth", [node.Floats(1, 3, 4, 6)], Int("blocksize", 2))),
        Case("Gather", node => node.Node("Gather", [node.Floats(2, 3, 4), node.Vector(0, 2, -1)], Int("axis", 1))),
        Case("Gather of sizes", node => node.Node("Gather", [node.Node("Shape", [node.Floats(2, 3, 4)]), node.Number(-1)])),
        Case("GatherElements", node => node.Node("GatherElements", [node.Floats(3), node.Vector(0, 2)])),
        Case("GatherND", node => node.Node("GatherND", [node.Floats(3, 4, 2), node.Node("Reshape", [node.Vector(0, 1, 2, 3), node.Vector(2, 2)])])),
        Case("Reshape", node => node.Node("Reshape", [node.Floats(2, 3, 4), node.Vector(0, -1)])),
        Case("Scatter of elements", node => node.Node("ScatterElements", [node.Floats(4), node.Vector(1, 2), node.Floats(2)])),
        Case("Scatter of an older version", node => node.Node("Scatter", [node.Floats(4), node.Vector(1, 2), node.Floats(2)]), version: 10),
        Case("ScatterND", node => node.Node("ScatterND", [node.Floats(4), node.Node("Reshape", [node.Vector(1, 2), node.Vector(2, 1)]), node.Floats(2)])),
        Case("Slice", node => node.Node("Slice", [node.Floats(5, 6, 7), node.Vector(-2, 5, 0), node.Vector(-100, 1, long.MaxValue), node.Vector(0, 1, 2), node.Vector(-1, -2, 3)])),
        Case("Slice of an older version", node => node.Node("Slice", [node.Floats(5, 6)], Ints("starts", 1, -3), Ints("ends", 4, 100), Ints("axes", 0, 1)), version: 9),
        Case("Slice of sizes", node => node.Node("Slice", [node.Node("Shape", [node.Floats(2, 3, 4, 5)]), node.Vector(3), node.Vector(0), node.Vector(0), node.Vector(-2)])),
        Case("Split", node => node.Nodes("Split", [node.Floats(5, 3), node.Vector(2, 3)], outputs: 2)),
        Case("Split in equal parts", node => node.Nodes("Split", [node.Floats(5, 3)], outputs: 2, Int("num_outputs", 2))),
        Case("Split of sizes", node => node.Nodes("Split", [node.Vector(4, 5, 6, 7), node.Vector(1, 3)], outputs: 2)),
        Case("Squeeze", node => node.Node("Squeeze", [node.Floats(1, 3, 1), node.Vector(-1)])),
        Case("Squeeze of all", node => node.Node("Squeeze", [node.Floats(1, 3, 1)])),
        Case("Unsqueeze", node => node.Node("Unsqueeze", [node.Floats(2, 3), node.Vector(0, -1)])),
        Case("Unsqueeze of an older version", node => node.Node("Unsqueeze", [node.Floats(2, 3)], Ints("axes", 1)), version: 11),
        Case("Transpose of axes", node => node.Node("Transpose", [node.Floats(2, 3, 4)], Ints("perm", 2, 0, 1))),
        Case("Constant", node => node.Node("Constant", [], Ints("value_ints", 3, 4))),
        Case("Constant of a number", node => node.Node("Constant", [], new AttributeProto { Name = "value_float", Type = AttributeType.Float, F = 0.1f })),
        Case("ConstantOfShape", node => node.Node("ConstantOfShape", [node.Vector(2, 3)])),
        Case("Expand", node => node.Node("Expand", [node.Floats(3, 1), node.Vector(2, 1, 4)])),
        Case("Expand of sizes", node => node.Node("Expand", [node.Vector(3), node.Vector(4)])),
        Case("EyeLike", node => node.Node("EyeLike", [node.Floats(3, 4)])),
        Case("OneHot", node => node.Node("OneHot", [node.Vector(0, 2), node.Number(5), node.Scales(0, 1)], Int("axis", 0))),
        Case("Pad", node => node.Node("Pad", [node.Floats(2, 3), node.Vector(1, 0, 0, 2)])),
        Case("Pad of an older version", node => node.Node("Pad", [node.Floats(2, 3)], Ints("pads", 1, -1, 0, 2)), version: 10),
        Case("Range", node => node.Node("Range", [node.Number(10), node.Number(-1), node.Number(-3)])),
        Case("Range of floats", node => node.Node("Range", [node.Scale(0), node.Scale(1), node.Scale(0.3f)])),
        Case("Resize by scales", node => node.Node("Resize", [node.Floats(1, 2, 5, 7), "", node.Scales(1, 1, 1.7f, 0.6f)])),
        Case("Resize to sizes", node => node.Node("Resize", [node.Floats(1, 2, 5, 7), "", "", node.Vector(1, 2, 9, 3)])),
        Case("Resize of some axes", node => node.Node("Resize", [node.Floats(1, 2, 5, 7), "", "", node.Vector(9, 3)], Ints("axes", 2, 3))),
        Case("Resize of an older version", node => node.Node("Resize", [node.Floats(1, 2, 5, 7), node.Scales(1, 1, 2, 2)]), version: 10),
        Case("Upsample", node => node.Node("Upsample", [node.Floats(1, 2, 5, 7), node.Scales(1, 1, 2, 3)]), version: 9),
        Case("Shape of some axes", node => node.Node("Shape", [node.Floats(2, 3, 4, 5)], Int("start", 1), Int("end", -1))),
        Case("Tile", node => node.Node("Tile", [node.Floats(2, 3), node.Vector(3, 2)])),
        Case("TopK", node => node.Nodes("TopK", [node.Floats(2, 5), node.Vector(3)], outputs: 2)),
        Case("ReduceMean of axes", node => node.Node("ReduceMean", [node.Floats(2, 3, 4)], Ints("axes", -1, 0), Int("keepdims", 0)), version: 13),
        Case("ReduceSum of axes", node => node.Node("ReduceSum", [node.Floats(2, 3, 4), node.Vector(1)])),
        Case("ReduceSum of none", node => node.Node("ReduceSum", [node.Floats(2, 3, 4)], Int("noop_with_empty_axes", 1))),
        Case("ReduceProd of sizes", node => node.Node("ReduceProd", [node.Node("Shape", [node.Floats(2, 3, 4)])], Int("keepdims", 0))),
        Case("ArgMax of an axis", node => node.Node("ArgMax", [node.Floats(2, 3, 4)], Int("axis", 1), Int("keepdims", 0))),
        Case("quantized and back", node => node.Node("DequantizeLinear", [node.Node("QuantizeLinear", [node.Floats(2, 3), node.Scale(0.5f), node.Bytes()]), node.Scale(0.5f), node.Bytes()])),
        Case("DynamicQuantizeLinear", node => node.Nodes("DynamicQuantizeLinear", [node.Floats(2, 3)], outputs: 3)),
        Case("ConvInteger", node => node.Node("ConvInteger", [node.Bytes(1, 2, 5, 5), node.Bytes(3, 2, 3, 3)])),
        Case("MatMulInteger", node => node.Node("MatMulInteger", [node.Bytes(2, 3), node.Bytes(3, 4)])),
        Case("QLinearConv", node => node.Node("QLinearConv", [node.Bytes(1, 2, 5, 5), node.Scale(1), node.Bytes(), node.Bytes(3, 2, 3, 3), node.Scale(1), node.Bytes(), node.Scale(9), node.Bytes()], Ints("pads", 1, 1, 1, 1))),
        Case("QLinearMatMul", node => node.Node("QLinearMatMul", [node.Bytes(2, 3), node.Scale(1), node.Bytes(), node.Bytes(3, 4), node.Scale(1), node.Bytes(), node.Scale(9), node.Bytes()])),
        .. new[] { "QLinearAdd", "QLinearMul" }.Select(sum => Case(sum, node => node.Node($"com.microsoft.{sum}", [node.Bytes(2, 3), node.Scale(1), node.Bytes(), node.Bytes(3), node.Scale(1), node.Bytes(), node.Scale(9), node.Bytes()]))),
        Case("QLinearSigmoid", node => node.Node("com.microsoft.QLinearSigmoid", [node.Bytes(2, 3), node.Scale(1), node.Bytes(), node.Scale(1), node.Bytes()])),
        Case("QLinearLeakyRelu", node => node.Node("com.microsoft.QLinearLeakyRelu", [node.Bytes(2, 3), node.Scale(1), node.Bytes(), node.Scale(1), node.Bytes()])),
        Case("QLinearSoftmax", node => node.Node("com.microsoft.QLinearSoftmax", [node.Bytes(2, 3), node.Scale(1), node.Bytes(), node.Scale(1), node.Bytes()], Int("opset", 13))),
        Case("QLinearConcat", node => node.Node("com.microsoft.QLinearConcat", [node.Scale(1), node.Bytes(), node.Bytes(2, 3), node.Scale(1), node.Bytes(), node.Bytes(2, 1), node.Scale(1), node.Bytes()], Int("axis", 1))),
        Case("QLinearAveragePool", node => node.Node("com.microsoft.QLinearAveragePool", [node.Bytes(1, 2, 5, 5), node.Scale(1), node.Bytes(), node.Scale(1), node.Bytes()], Ints("kernel_shape", 2, 2))),
        Case("QLinearGlobalAveragePool", node => node.Node("com.microsoft.QLinearGlobalAveragePool", [node.Bytes(1, 2, 5, 5), node.Scale(1), node.Bytes(), node.Scale(1), node.Bytes()])),
        Case("QGemm", node => node.Node("com.microsoft.QGemm", [node.Bytes(2, 3), node.Scale(1), node.Bytes(), node.Bytes(3, 4), node.Scale(1), node.Bytes()])),
        Case("quantized by Microsoft", node => node.Node("com.microsoft.DequantizeLinear", [node.Node("com.microsoft.QuantizeLinear", [node.Floats(2, 3), node.Scale(0.5f), node.Bytes()]), node.Scale(0.5f), node.Bytes()])),
    ];

    private static IEnumerable<OperatorCase> Unary(params string[] names) => names.Select(name => Case(name, node => node.Node(name, [node.Floats(name == "Trilu" ? [3, 4] : [1, 2, 3, 4])])));

    private static IEnumerable<OperatorCase> Binary(bool isTruth, params string[] names) => names.Select(name => Case(name, node =>
        node.Node(name, [isTruth ? node.Truths(2, 1, 4) : node.Floats(2, 1, 4), isTruth ? node.Truths(3, 1) : name == "PRelu" ? node.Floats(4) : node.Floats(3, 1)], name == "Mod" ? [Int("fmod", 1)] : [])));

    private static OperatorCase Case(string name, Action<OperatorCase> add, int version = Newest)
    {
        var node = new OperatorCase(name, version);
        add(node);
        return node;
    }

    private static AttributeProto Int(string name, long number) => new() { Name = name, Type = AttributeType.Int, I = number };

    private static AttributeProto Ints(string name, params long[] numbers) => new() { Name = name, Type = AttributeType.Ints, Ints = { numbers } };

    private static AttributeProto Text(string name, string text) => new() { Name = name, Type = AttributeType.String, S = ByteString.CopyFromUtf8(text) };
}
