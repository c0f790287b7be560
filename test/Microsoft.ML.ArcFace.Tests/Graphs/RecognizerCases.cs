using Microsoft.ML.ArcFace.Tests.TestSupport;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Tests.Graphs;

/// <summary>A small recognizer.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Version">The version of the operators.</param>
/// <param name="Build">Makes it and gives its output.</param>
internal sealed record RecognizerCase(string Name, int Version, Func<GraphModel, string> Build);

/// <summary>Small recognizers that show every operator that is computed, in the forms of several versions and programs.</summary>
internal static partial class RecognizerCases
{
    private const int Current = 13;

    public static IReadOnlyList<RecognizerCase> All { get; } =
    [
        .. Functions, .. Combinations, .. Convolutions, .. Pools, .. Layouts, .. Resizes, .. Versions, .. Networks,
    ];

    private static IEnumerable<RecognizerCase> Functions =>
    [
        .. new[] { "Relu", "Sigmoid", "Tanh", "Abs", "Neg", "Exp" }.Select(name => OnMap(name, (model, map) => model.Node(name, [map]))),
        OnMap("HardSwish", (model, map) => model.Node("HardSwish", [map]), version: 14),
        OnMap("HardSigmoid", (model, map) => model.Node("HardSigmoid", [map], ("alpha", 0.3), ("beta", 0.4))),
        OnMap("LeakyRelu", (model, map) => model.Node("LeakyRelu", [map], ("alpha", 0.1))),
        OnMap("Clip of two limits", (model, map) => model.Node("Clip", [map, model.Float(-0.2f), model.Float(0.3f)])),
        OnMap("Clip from below", (model, map) => model.Node("Clip", [map, model.Float(-0.1f)])),
        OnMap("Relu6 as Clip", (model, map) => model.Node("Clip", [map, model.Float(0), model.Float(0.5f)])),
        OnMap("Relu6 as Min and Relu", (model, map) => model.Node("Min", [model.Node("Relu", [map]), model.Float(0.5f)])),
        OnMap("Sqrt and Reciprocal", (model, map) => model.Node("Reciprocal", [model.Node("Sqrt", [model.Node("Add", [model.Node("Abs", [map]), model.Float(0.5f)])])])),
        OnMap("PRelu behind a sum", (model, map) => model.Node("PRelu", [model.Node("Add", [map, map]), model.Random(5, 1, 1)])),
        OnMap("BatchNormalization of a sum", (model, map) => model.Node("BatchNormalization", [model.Node("Mul", [map, map]), model.Positive(5), model.Random(5), model.Random(5), model.Positive(5)], ("epsilon", 1e-3))),
        OnMap("Identity and Dropout", (model, map) => model.Node("Dropout", [model.Node("Identity", [map])])),
    ];

    private static IEnumerable<RecognizerCase> Combinations =>
    [
        .. new[] { "Add", "Sub", "Mul", "Max", "Min" }.Select(name => OnMap(name + " of two maps", (model, map) => model.Node(name, [model.Node("Relu", [map]), map]))),
        .. new[] { "Add", "Sub", "Mul", "Div" }.Select(name => OnMap(name + " with channels", (model, map) => model.Node(name, [map, model.Positive(1, 5, 1, 1)]))),
        .. new[] { "Add", "Sub", "Mul", "Div" }.Select(name => OnMap(name + " with a number on the left", (model, map) => model.Node(name, [model.Float(2), model.Node("Add", [model.Node("Abs", [map]), model.Float(1)])]))),
        OnMap("Add of a whole map of constants", (model, map) => model.Node("Add", [map, model.Random(5, 6, 6)])),
        OnMap("Mul with rows", (model, map) => model.Node("Mul", [map, model.Random(6, 1)])),
        OnMap("Pow", (model, map) => model.Node("Pow", [model.Node("Abs", [map]), model.Float(1.5f)])),
        OnMap("Pow of 2 and Sqrt", (model, map) => model.Node("Sqrt", [model.Node("Add", [model.Node("Pow", [map, model.Float(2)]), model.Float(0.1f)])])),
        OnMap("Sum of three", (model, map) => model.Node("Sum", [map, model.Node("Relu", [map]), model.Node("Abs", [map])])),
        OnMap("attention that adds up to 1", (model, map) => model.Node("Mul", [map, model.Node("Softmax", [model.Node("GlobalAveragePool", [map])], ("axis", 1L))])),
        OnMap("Softmax of columns, its axis left out", (model, map) => model.Node("Softmax", [map])),
        OnMap("version 11: Softmax of all channels and pixels", (model, map) => model.Node("Softmax", [map]), version: 11),
        OnMap("attention to channels", (model, map) => model.Node("Mul", [map, Attention(model, map, 5)])),
        OnMap("attention to pixels", (model, map) => model.Node("Mul", [map, model.Node("Sigmoid", [model.Node("ReduceMean", [map], ("axes", (long[])[1]), ("keepdims", 1L))])])),
    ];

    private static IEnumerable<RecognizerCase> Convolutions =>
    [
        OnPicture("rectangular kernel", (model, face) => Conv(model, face, [7, 3, 3, 5], pads: [1, 2, 1, 2])),
        OnPicture("asymmetric padding", (model, face) => Conv(model, face, [7, 3, 3, 3], pads: [0, 1, 2, 1], strides: [2, 2])),
        OnPicture("strides that differ", (model, face) => Conv(model, face, [7, 3, 3, 3], pads: [1, 1, 1, 1], strides: [2, 1])),
        OnPicture("dilation", (model, face) => Conv(model, face, [7, 3, 3, 3], pads: [2, 2, 2, 2], dilations: [2, 2])),
        OnPicture("many channels", (model, face) => Conv(model, Conv(model, face, [80, 3, 3, 3], pads: [1, 1, 1, 1]), [96, 80, 3, 3], pads: [1, 1, 1, 1], strides: [2, 2])),
        OnPicture("depthwise, fast", (model, face) => Conv(model, Conv(model, face, [32, 3, 1, 1]), [32, 1, 3, 3], pads: [1, 1, 1, 1], groups: 32)),
        OnPicture("depthwise, stride 2, Relu", (model, face) => model.Node("Relu", [Conv(model, Conv(model, face, [24, 3, 1, 1]), [24, 1, 3, 3], pads: [1, 1, 1, 1], strides: [2, 2], groups: 24)])),
        OnPicture("depthwise, Relu6", (model, face) => model.Node("Clip", [Conv(model, Conv(model, face, [24, 3, 1, 1]), [24, 1, 3, 3], pads: [1, 1, 1, 1], groups: 24), model.Float(0), model.Float(0.4f)])),
        OnPicture("depthwise of 5×5", (model, face) => Conv(model, Conv(model, face, [8, 3, 1, 1]), [8, 1, 5, 5], pads: [2, 2, 2, 2], groups: 8)),
        OnPicture("depthwise of the picture", (model, face) => Conv(model, face, [3, 1, 3, 3], pads: [1, 1, 1, 1], groups: 3)),
        OnPicture("depthwise that doubles", (model, face) => Conv(model, Conv(model, face, [4, 3, 1, 1]), [8, 1, 3, 3], pads: [1, 1, 1, 1], groups: 4)),
        OnPicture("depthwise over the whole map", (model, face) => Conv(model, Conv(model, face, [24, 3, 1, 1]), [24, 1, 8, 8], groups: 24)),
        OnPicture("groups of two", (model, face) => model.Node("PRelu", [Conv(model, Conv(model, face, [64, 3, 1, 1]), [64, 2, 3, 3], pads: [1, 1, 1, 1], groups: 32), model.Random(64, 1, 1)])),
        OnPicture("groups of four", (model, face) => Conv(model, Conv(model, face, [12, 3, 1, 1]), [6, 4, 3, 3], pads: [1, 1, 1, 1], groups: 3)),
        OnPicture("sum with another convolution", (model, face) =>
        {
            string first = Conv(model, face, [20, 3, 1, 1]);
            return model.Node("Add", [Conv(model, first, [20, 20, 3, 3], pads: [1, 1, 1, 1]), Conv(model, first, [20, 1, 3, 3], pads: [1, 1, 1, 1], groups: 20)]);
        }),
        OnPicture("Relu of a sum", (model, face) =>
        {
            string first = Conv(model, face, [20, 3, 1, 1]);
            return model.Node("Relu", [model.Node("Add", [Conv(model, first, [20, 20, 3, 3], pads: [1, 1, 1, 1]), first])]);
        }),
        OnPicture("one map for norms and paddings that differ", (model, face) =>
        {
            string first = Conv(model, face, [6, 3, 1, 1]);
            string left = Conv(model, Norm(model, first, 6), [4, 6, 3, 3], pads: [1, 1, 1, 1]), right = Conv(model, Norm(model, first, 6), [4, 6, 5, 5], pads: [2, 2, 2, 2]);
            return model.Node("Concat", [left, right, Conv(model, first, [4, 6, 3, 3], pads: [1, 1, 1, 1])], ("axis", 1L));
        }),
        OnPicture("folded norms that share weights", (model, face) =>
        {
            string weight = model.Random(4, 3, 3, 3), bias = model.Random(4);
            string One() => Norm(model, model.Node("Conv", [face, weight, bias]), 4);
            return model.Node("Concat", [One(), One()], ("axis", 1L));
        }),
        OnPicture("padding by a node", (model, face) => Conv(model, model.Node("Pad", [face, model.Longs(0, 0, 0, 0, 0, 0, 1, 1)]), [7, 3, 3, 3], strides: [2, 2])),
        OnPicture("padding by a rule", (model, face) => model.Node("Conv", [face, model.Random(7, 3, 3, 3)], ("auto_pad", "SAME_UPPER"), ("strides", (long[])[2, 2]))),
        OnPicture("padding by the other rule", (model, face) => model.Node("Conv", [face, model.Random(7, 3, 2, 2)], ("auto_pad", "SAME_LOWER"))),
    ];

    private static IEnumerable<RecognizerCase> Pools =>
    [
        OnMap("MaxPool", (model, map) => model.Node("MaxPool", [map], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]))),
        OnMap("MaxPool of 1 with a stride", (model, map) => model.Node("MaxPool", [map], ("kernel_shape", (long[])[1, 1]), ("strides", (long[])[2, 2]))),
        OnMap("MaxPool that rounds up", (model, map) => model.Node("MaxPool", [map], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]), ("ceil_mode", 1L))),
        OnMap("AveragePool", (model, map) => model.Node("AveragePool", [map], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]))),
        OnMap("AveragePool that counts padding", (model, map) => model.Node("AveragePool", [map], ("kernel_shape", (long[])[3, 3]), ("pads", (long[])[1, 1, 1, 1]), ("count_include_pad", 1L))),
        OnMap("AveragePool of the whole map", (model, map) => model.Node("AveragePool", [map], ("kernel_shape", (long[])[6, 6]))),
        OnMap("GlobalAveragePool", (model, map) => model.Node("GlobalAveragePool", [map])),
        OnMap("GlobalMaxPool", (model, map) => model.Node("GlobalMaxPool", [map])),
        .. new[] { "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare" }.SelectMany(name => new[]
        {
            OnMap(name + " of maps", (model, map) => model.Node(name, [map], ("axes", (long[])[2, 3]), ("keepdims", 0L))),
            OnMap(name + " of channels", (model, map) => model.Node(name, [map], ("axes", (long[])[-3]), ("keepdims", 1L))),
        }),
        OnMap("ReduceSum", (model, map) => model.Node("ReduceSum", [map, model.Longs(2)], ("keepdims", 0L))),
        OnMap("LpNormalization of channels", (model, map) => model.Node("LpNormalization", [map], ("axis", 1L), ("p", 2L))),
    ];

    private static IEnumerable<RecognizerCase> Layouts =>
    [
        OnMap("Concat", (model, map) => model.Node("Concat", [map, model.Node("Relu", [map]), model.Node("Abs", [map])], ("axis", 1L))),
        OnMap("Concat of rows", (model, map) => model.Node("Concat", [map, model.Node("Relu", [map])], ("axis", 2L))),
        OnMap("Slice", (model, map) => model.Node("Slice", [map, model.Longs(1, -4), model.Longs(4, 1000), model.Longs(1, 3)])),
        OnMap("Slice backwards", (model, map) => model.Node("Slice", [map, model.Longs(-1), model.Longs(-1000), model.Longs(3), model.Longs(-2)])),
        OnMap("Split and Max", (model, map) =>
        {
            string[] halves = model.Nodes("Split", [model.Node("Concat", [map, model.Node("Neg", [map])], ("axis", 1L))], 2, ("axis", 1L));
            return model.Node("Max", halves);
        }),
        OnMap("Transpose", (model, map) => model.Node("Relu", [model.Node("Transpose", [map], ("perm", (long[])[0, 2, 3, 1]))])),
        OnMap("Transpose of rows and columns", (model, map) => model.Node("Transpose", [model.Node("Slice", [map, model.Longs(1), model.Longs(3), model.Longs(2)])], ("perm", (long[])[0, 1, 3, 2]))),
        OnMap("Pad with a constant", (model, map) => model.Node("Pad", [map, model.Longs(0, 1, 0, 2, 0, 0, 1, 0), model.Float(0.5f)])),
        OnMap("Reshape to other maps", (model, map) => model.Node("Relu", [model.Node("Reshape", [map, model.Longs(0, 10, 3, -1)])])),
        OnMap("Reshape to rows and back", (model, map) => model.Node("Reshape", [model.Node("ReduceMean", [model.Node("Reshape", [map, model.Longs(1, 5, 36)])], ("axes", (long[])[2])), model.Longs(1, 5, 1, 1)])),
        OnMap("Expand", (model, map) => model.Node("Sub", [map, model.Node("Expand", [model.Node("GlobalAveragePool", [map]), model.Longs(1, 5, 6, 6)])])),
        OnMap("Expand to sizes that conditions choose, as PyTorch writes them", (model, map) =>
        {
            // −1 stands for the size that there is, which Expand calls 1.
            string sizes = model.Longs(-1, -1, 6, 6);
            string ones = model.Node("Add", [model.Node("Cast", [model.Node("ConstantOfShape", [model.Node("Shape", [sizes])])], ("to", (long)DataType.Int64)), model.Long(1)]);
            string isOpen = model.Node("Equal", [sizes, model.Node("Mul", [ones, model.Long(-1)])]);
            return model.Node("Sub", [map, model.Node("Expand", [model.Node("GlobalAveragePool", [map]), model.Node("Where", [isOpen, ones, sizes])])]);
        }),
        OnMap("Slice to rows that conditions choose", (model, map) =>
        {
            string rows = model.Node("Gather", [model.Node("Shape", [map]), model.Longs(2)]), four = model.Longs(4), five = model.Longs(5);
            string isAtLeastFive = model.Node("Not", [model.Node("Less", [rows, five])]), isMore = model.Node("Greater", [rows, five]);
            string first = model.Node("Where", [isMore, model.Longs(1), model.Longs(2)]), end = model.Node("Where", [isAtLeastFive, four, rows]);
            return model.Node("Slice", [map, first, end, model.Longs(2)]);
        }),
        OnMap("Squeeze and Unsqueeze", (model, map) => model.Node("Unsqueeze", [model.Node("Squeeze", [model.Node("GlobalAveragePool", [map]), model.Longs(2, 3)]), model.Longs(2, 3)])),
    ];

    private static IEnumerable<RecognizerCase> Versions =>
    [
        OnPicture("version 7: attributes, PRelu, spatial BatchNormalization", (model, face) =>
        {
            string map = model.Node("PRelu", [Norm(model, Conv(model, face, [5, 3, 3, 3]), 5), model.Random(5, 1, 1)]);
            map = model.Node("Pad", [map], ("pads", (long[])[0, 0, 1, 1, 0, 0, 1, 1]), ("value", 0.0));
            map = model.Node("Clip", [map], ("min", -0.5), ("max", 0.7));
            return model.Node("Slice", [map], ("starts", (long[])[1]), ("ends", (long[])[7]), ("axes", (long[])[2]));
        }, version: 7),
        OnPicture("version 9: Dropout with a ratio, ReduceSum by attributes", (model, face) => model.Node("ReduceSum", [model.Node("Dropout", [Conv(model, face, [5, 3, 3, 3])], ("ratio", 0.4))], ("axes", (long[])[3]), ("keepdims", 1L)), version: 9),
        OnPicture("version 11: Squeeze by attributes", (model, face) => model.Node("Squeeze", [model.Node("GlobalAveragePool", [Conv(model, face, [5, 3, 3, 3])])], ("axes", (long[])[2, 3])), version: 11),
        OnPicture("version 18: ReduceMean by inputs", (model, face) => model.Node("ReduceMean", [Conv(model, face, [5, 3, 3, 3]), model.Longs(2, 3)], ("keepdims", 0L)), version: 18),
        OnPicture("version 20: a shape that is computed", (model, face) =>
        {
            string map = Conv(model, face, [5, 3, 3, 3]);
            string batch = model.Node("Unsqueeze", [model.Node("Gather", [model.Node("Shape", [map]), model.Long(0)], ("axis", 0L)), model.Longs(0)]);
            return model.Node("Reshape", [map, model.Node("Concat", [batch, model.Longs(-1)], ("axis", 0L))]);
        }, version: 20),
        OnPicture("version 21: reductions, limits and shapes by inputs", (model, face) => Modern(model, face), version: 21),
        OnPicture("version 22: the same", (model, face) => Modern(model, face), version: 22),
        new("an open batch", Current, model => model.Head(Conv(model, model.Input(0, 3, 8, 8), [5, 3, 3, 3]), 5 * 36)),
        new("a fixed batch and Reshape", Current, model => model.Node("Gemm", [model.Node("Reshape", [Conv(model, model.Input(1, 3, 8, 8), [5, 3, 3, 3]), model.Longs(1, 180)]), model.Random(180, 8)])),
        new("a product of matrices with a sum", Current, model => model.Node("Add", [model.Node("MatMul", [model.Node("Flatten", [Conv(model, model.Input(1, 3, 8, 8), [5, 3, 3, 3])]), model.Random(180, 8)]), model.Random(8)])),
        new("a product with alpha and beta", Current, model => model.Node("Gemm", [model.Node("Flatten", [Conv(model, model.Input(1, 3, 8, 8), [5, 3, 3, 3])]), model.Random(8, 180), model.Random(1, 8)], ("transB", 1L), ("alpha", 0.5), ("beta", 2.0))),
        new("weights in half precision", Current, model =>
        {
            string weight = model.Node("Cast", [model.Halves(model.Draw([5, 3, 3, 3]), 5, 3, 3, 3)], ("to", (long)DataType.Float));
            return model.Head(model.Node("Conv", [model.Input(1, 3, 8, 8), weight]), 180);
        }),
        new("weights in double precision", Current, model => model.Head(model.Node("Conv", [model.Input(1, 3, 8, 8), model.Node("Cast", [model.Doubles(model.Draw([5, 3, 3, 3]), 5, 3, 3, 3)], ("to", (long)DataType.Float))]), 180)),
        new("weights that are computed", Current, model =>
        {
            string weight = model.Node("Transpose", [model.Node("Mul", [model.Random(3, 3, 3, 5), model.Random(5)])], ("perm", (long[])[3, 2, 0, 1]));
            return model.Head(model.Node("Conv", [model.Input(1, 3, 8, 8), weight]), 180);
        }),
        new("channels last", Current, model =>
        {
            string face = model.Node("Transpose", [model.Node("Mul", [model.Node("Sub", [model.Input("face", DataType.Float, 1, 8, 10, 3), model.Floats([0.1f, 0.2f, 0.3f], 3)]), model.Float(2)])], ("perm", (long[])[0, 3, 1, 2]));
            string map = model.Node("Transpose", [Conv(model, face, [5, 3, 3, 3], pads: [1, 1, 1, 1])], ("perm", (long[])[0, 2, 3, 1]));
            return model.Head(map, 5 * 80);
        }),
        new("another size", Current, model => model.Head(Conv(model, model.Input(1, 3, 12, 10), [5, 3, 3, 3]), 5 * 80)),
    ];

    private static IEnumerable<RecognizerCase> Networks =>
    [
        new("pixels that are scaled inside", Current, model => model.Head(Conv(model, model.Node("Mul", [model.Node("Sub", [model.Input(1, 3, 8, 8), model.Float(0.5f)]), model.Random(3, 1, 1)]), [5, 3, 3, 3], pads: [1, 1, 1, 1]), 5 * 64)),
        new("pixels that are divided and normalized inside", Current, model => model.Head(Conv(model, Norm(model, model.Node("Div", [model.Input(1, 3, 8, 8), model.Float(0.5f)]), 3), [5, 3, 3, 3], pads: [1, 1, 1, 1]), 5 * 64)),
        new("pixels that two convolutions read", Current, model =>
        {
            string face = model.Node("Sub", [model.Input(1, 3, 8, 8), model.Float(0.5f)]);
            return model.Head(model.Node("Add", [Conv(model, face, [5, 3, 3, 3], pads: [1, 1, 1, 1]), Conv(model, face, [5, 3, 1, 1])]), 5 * 64);
        }),
        new("IResNet with folded norms", 11, model => IResNet(model, hasAttention: false)),
        new("IResNet with attention to channels", 11, model => IResNet(model, hasAttention: true)),
        new("MobileNet of unit length", Current, model =>
        {
            string map = model.Node("Relu", [Norm(model, Conv(model, model.Input(1, 3, 32, 32), [16, 3, 3, 3], pads: [1, 1, 1, 1], strides: [2, 2]), 16)]);
            foreach ((long from, long to, long stride) in new[] { (16L, 32L, 1L), (32, 32, 2), (32, 48, 2) })
            {
                map = model.Node("PRelu", [Norm(model, Conv(model, map, [from, 1, 3, 3], pads: [1, 1, 1, 1], strides: [stride, stride], groups: from), from), model.Random(from, 1, 1)]);
                map = model.Node("Relu", [Norm(model, Conv(model, map, [to, from, 1, 1]), to)]);
            }

            string row = Norm(model, model.Head(model.Node("Dropout", [Norm(model, map, 48)]), 48 * 16, 32), 32);
            return model.Node("Div", [row, model.Node("Expand", [model.Node("Clip", [model.Node("ReduceL2", [row], ("axes", (long[])[1]), ("keepdims", 1L)), model.Float(1e-12f)]), model.Node("Shape", [row])])]);
        }),
    ];

    /// <summary>As PyTorch's exporter writes it: norms behind convolutions are folded, slopes are [C, 1, 1].</summary>
    private static string IResNet(GraphModel model, bool hasAttention)
    {
        string map = model.Node("PRelu", [Conv(model, model.Input("input.1", DataType.Float, 0, 3, 24, 24), [64, 3, 3, 3], pads: [1, 1, 1, 1]), model.Random(64, 1, 1)]);
        foreach ((long from, long to, long stride) in new[] { (64L, 64L, 2L), (64, 64, 1), (64, 96, 2) })
        {
            string inner = model.Node("PRelu", [Conv(model, Norm(model, map, from), [to, from, 3, 3], pads: [1, 1, 1, 1]), model.Random(to, 1, 1)]);
            inner = Conv(model, inner, [to, to, 3, 3], pads: [1, 1, 1, 1], strides: [stride, stride]);
            inner = hasAttention ? model.Node("Mul", [inner, Attention(model, inner, to)]) : inner;
            map = model.Node("Add", [inner, stride == 1 && from == to ? map : Conv(model, map, [to, from, 1, 1], strides: [stride, stride])]);
        }

        return Norm(model, model.Head(Norm(model, map, 96), 96 * 36, 32), 32);
    }

    private static string Attention(GraphModel model, string map, long channels)
    {
        string pool = model.Node("Reshape", [model.Node("GlobalAveragePool", [map]), model.Longs(-1, channels)]);
        string few = model.Node("Relu", [model.Node("MatMul", [pool, model.Random(channels, 3)])]);
        return model.Node("Reshape", [model.Node("Sigmoid", [model.Node("Gemm", [few, model.Random(channels, 3), model.Random(channels)], ("transB", 1L))]), model.Longs(-1, channels, 1, 1)]);
    }

    private static RecognizerCase OnPicture(string name, Func<GraphModel, string, string> build, int version = Current) =>
        new(name, version, model => model.Node("Flatten", [build(model, model.Input(1, 3, 8, 8))]));

    private static RecognizerCase OnMap(string name, Func<GraphModel, string, string> build, int version = Current) =>
        new(name, version, model => model.Node("Flatten", [build(model, Conv(model, model.Input(1, 3, 8, 8), [5, 3, 3, 3]))]));

    private static string Norm(GraphModel model, string value, long channels) =>
        model.Node("BatchNormalization", [value, model.Positive(channels), model.Random(channels), model.Random(channels), model.Positive(channels)], ("epsilon", 1e-5));

    private static string Conv(GraphModel model, string value, long[] weight, long[]? pads = null, long[]? strides = null, long[]? dilations = null, long groups = 1) => model.Node(
        "Conv", [value, model.Random(weight), model.Random(weight[0])],
        ("kernel_shape", weight[2..]), ("pads", pads ?? new long[4]), ("strides", strides ?? [1, 1]), ("dilations", dilations ?? [1, 1]), ("group", groups));

    /// <summary>Operators that ONNX's versions 21 and 22 describe anew.</summary>
    private static string Modern(GraphModel model, string face)
    {
        string map = model.Node("PRelu", [Norm(model, Conv(model, face, [6, 3, 3, 3]), 6), model.Random(6, 1, 1)]);
        map = model.Node("Dropout", [model.Node("MaxPool", [model.Node("HardSwish", [map])], ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2]))]);
        string weight = model.Node("HardSigmoid", [model.Node("Conv", [model.Node("GlobalAveragePool", [map]), model.Random(6, 6, 1, 1)])]);
        map = model.Node("Clip", [model.Node("Mul", [map, weight]), model.Float(-0.3f), model.Float(0.6f)]);
        map = model.Node("Transpose", [model.Node("Reshape", [map, model.Longs(0, 2, 3, -1), ], ("allowzero", 0L))], ("perm", (long[])[0, 2, 1, 3]));
        string row = model.Node("ReduceMean", [model.Node("Pad", [map, model.Longs(0, 0, 0, 1, 0, 0, 0, 1)]), model.Longs(3)], ("keepdims", 0L));
        return model.Node("LpNormalization", [model.Node("Flatten", [row])], ("axis", 1L), ("p", 2L));
    }
}
