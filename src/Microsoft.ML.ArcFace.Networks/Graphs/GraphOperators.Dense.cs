using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

// Convolutions, pools and products of matrices.
internal static partial class GraphOperators
{
    /// <summary>Products of other types than those that ONNX Runtime has its own code for take several times as long.</summary>
    private const double CostOfPlainProduct = 8;

    private static IEnumerable<KeyValuePair<string, Func<GraphNode, GraphStep>>> Dense =>
    [
        new("Conv", node => Convolution(node, node.In(0), node.In(1), node.In(0).Type)),
        new("ConvTranspose", TransposedConvolution),
        new("Gemm", node => Product(node, node.In(0), node.In(1), node.In(0).Type, node.Has(2) ? node.In(2) : null)),
        new("MatMul", node => MatrixProduct(node.In(0), node.In(1), node.In(0).Type)),
        .. Each(Pool, "AveragePool", "LpPool", "MaxPool"),
        .. Each(node => Pooled(node.In(0)), "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool"),
    ];

    private static GraphStep Convolution(GraphNode node, GraphValue input, GraphValue weights, DataType type)
    {
        int axes = SpatialAxes(input);
        long groups = Positive(node.Int("group", 1));
        if (weights.Rank != input.Rank || weights.Count == 0 || weights.Shape[1] * groups != input.Shape[1] || weights.Shape[0] % groups != 0)
        {
            throw new WeightsFormatException($"its weights {weights} in {groups} groups do not fit its input {input}");
        }

        long[] kernel = weights.Shape[2..];
        var output = new GraphValue(type, [input.Shape[0], weights.Shape[0], .. SlidingSizes(node, input.Shape[2..], kernel)]);
        long places = kernel.Aggregate(1L, (product, size) => product * size), positions = output.Shape[2..].Aggregate(1L, (product, size) => product * size);

        // Floats are laid out in small parts, or for less places than there are channels; others at once.
        bool isOwnCode = type == DataType.Float && axes <= 3;
        long workspace = isOwnCode ? weights.Bytes : checked(places * positions * ((weights.Shape[1] * sizeof(double)) + sizeof(long)));
        double work = (double)output.Count * weights.Shape[1] * places;
        return new GraphStep([output], work * (type == DataType.Double ? CostOfPlainProduct : 1), workspace);
    }

    private static GraphStep TransposedConvolution(GraphNode node)
    {
        (GraphValue input, GraphValue weights) = (node.In(0), node.In(1));
        int axes = SpatialAxes(input);
        long groups = Positive(node.Int("group", 1));
        if (weights.Rank != input.Rank || weights.Count == 0 || weights.Shape[0] != input.Shape[1])
        {
            throw new WeightsFormatException($"its weights {weights} do not fit its input {input}");
        }

        long[] strides = Window(node, "strides", axes, 1), dilations = Window(node, "dilations", axes, 1), pads = node.Ints("pads") ?? new long[2 * axes], further = node.Ints("output_padding") ?? new long[axes];
        long[]? stated = node.Ints("output_shape");
        bool isAutomatic = node.Text("auto_pad") is "SAME_UPPER" or "SAME_LOWER";
        Require(pads.Length == 2 * axes && further.Length == axes && (stated is null || stated.Length >= axes), "its attributes are not as many as its input has axes");
        long[] sizes = new long[axes];
        for (int i = 0; i < axes; i++)
        {
            (long size, long kernel) = (input.Shape[i + 2], weights.Shape[i + 2]);
            sizes[i] = stated is not null ? stated[^(axes - i)]
                : isAutomatic ? checked(size * strides[i])
                : checked((strides[i] * (size - 1)) + further[i] + (dilations[i] * (kernel - 1)) + 1 - pads[i] - pads[axes + i]);
        }

        var output = new GraphValue(input.Type, [input.Shape[0], weights.Shape[1] * groups, .. sizes]);
        double work = (double)input.Count * (weights.Count / weights.Shape[0]);
        return new GraphStep([output], work, Workspace: checked(weights.Count / weights.Shape[0] * (input.Count / Math.Max(1, input.Shape[1])) * sizeof(double)));
    }

    private static GraphStep Pool(GraphNode node)
    {
        GraphValue input = node.In(0);
        long[] kernel = Window(node, "kernel_shape", SpatialAxes(input), otherwise: null);
        var output = new GraphValue(input.Type, [.. input.Shape[..2], .. SlidingSizes(node, input.Shape[2..], kernel)]);
        GraphValue[] outputs = node.OutputCount > 1 ? [output, output with { Type = DataType.Int64 }] : [output];
        return new GraphStep(outputs, kernel.Aggregate((double)output.Count, (product, size) => product * size));
    }

    private static GraphStep Pooled(GraphValue input)
    {
        int axes = SpatialAxes(input);
        return new GraphValue(input.Type, [.. input.Shape[..2], .. Enumerable.Repeat(1L, axes)]);
    }

    /// <summary>Gives the places of a window on its way over a map.</summary>
    private static long[] SlidingSizes(GraphNode node, long[] input, long[] kernel)
    {
        int axes = input.Length;
        long[] strides = Window(node, "strides", axes, 1), dilations = Window(node, "dilations", axes, 1), pads = node.Ints("pads") ?? new long[2 * axes];
        string padding = node.Text("auto_pad") ?? "NOTSET";
        bool isUp = node.Int("ceil_mode", 0) != 0;
        Require(pads.Length == 2 * axes, "its padding is not as many numbers as its input has sides");
        long[] sizes = new long[axes];
        for (int i = 0; i < axes; i++)
        {
            if (padding is "SAME_UPPER" or "SAME_LOWER")
            {
                sizes[i] = (input[i] + strides[i] - 1) / strides[i];
                continue;
            }

            (long before, long after) = padding == "VALID" ? (0, 0) : (pads[i], pads[axes + i]);
            long way = checked(input[i] + before + after - (dilations[i] * (kernel[i] - 1)) - 1);
            Require(way >= 0, $"its window of {kernel[i]} does not fit into {input[i]} with a padding of {before} and {after}");
            sizes[i] = ((way + (isUp ? strides[i] - 1 : 0)) / strides[i]) + 1;
            sizes[i] -= isUp && (sizes[i] - 1) * strides[i] >= input[i] + before ? 1 : 0;
        }

        return sizes;
    }

    private static GraphStep Product(GraphNode node, GraphValue first, GraphValue second, DataType type, GraphValue? bias)
    {
        Require(first.Rank == 2 && second.Rank == 2, $"it multiplies {first} by {second}; both must be matrices");
        (long rows, long inner) = node.Int("transA", 0) != 0 ? (first.Shape[1], first.Shape[0]) : (first.Shape[0], first.Shape[1]);
        (long across, long columns) = node.Int("transB", 0) != 0 ? (second.Shape[1], second.Shape[0]) : (second.Shape[0], second.Shape[1]);
        Require(inner == across, $"it multiplies {first} by {second}, which do not fit each other");
        var output = new GraphValue(type, [rows, columns]);
        Require(bias is null || BroadcastShape(output.Shape, bias.Shape).AsSpan().SequenceEqual(output.Shape), $"what it adds, {bias}, does not fit {output}");
        return new GraphStep([output], CostOfProduct(first, output, inner), first.Bytes + second.Bytes);
    }

    private static GraphStep MatrixProduct(GraphValue first, GraphValue second, DataType type)
    {
        Require(first.Rank > 0 && second.Rank > 0, $"it multiplies {first} by {second}");
        long[] left = first.Rank == 1 ? [1, first.Shape[0]] : first.Shape, right = second.Rank == 1 ? [second.Shape[0], 1] : second.Shape;
        Require(left[^1] == right[^2], $"it multiplies {first} by {second}, which do not fit each other");
        long[] shape =
        [
            .. BroadcastShape(left[..^2], right[..^2]),
            .. first.Rank == 1 ? Array.Empty<long>() : [left[^2]],
            .. second.Rank == 1 ? Array.Empty<long>() : [right[^1]],
        ];
        var output = new GraphValue(type, shape);
        return new GraphStep([output], CostOfProduct(first, output, left[^1]), first.Bytes + second.Bytes);
    }

    private static double CostOfProduct(GraphValue input, GraphValue output, long inner) =>
        (double)output.Count * inner * (input.Type is DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Int8 or DataType.Uint8 ? 1 : CostOfPlainProduct);

    private static int SpatialAxes(GraphValue input) => input.Rank > 2 ? input.Rank - 2 : throw new WeightsFormatException($"it takes {input}, where a map of channels is needed");

    /// <summary>Gives a positive number for each axis from an attribute.</summary>
    private static long[] Window(GraphNode node, string name, int axes, long? otherwise)
    {
        long[] window = node.Ints(name) ?? (otherwise is { } number ? [.. Enumerable.Repeat(number, axes)] : []);
        Require(window.Length == axes && Array.TrueForAll(window, size => size > 0), $"its attribute {name} is [{string.Join(", ", window)}]; {axes} positive numbers are needed");
        return window;
    }

    private static long Positive(long number) => number > 0 ? number : throw new WeightsFormatException($"it has a number of {number} where a positive one is needed");

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new WeightsFormatException(otherwise);
        }
    }
}
