using System.Globalization;
using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

// Operators that give as many numbers as they are told to: the sizes must follow from constants and the size of the picture.
internal static partial class GraphOperators
{
    /// <summary>Neighbors that an interpolated number is made of; cubic ones are sixteen.</summary>
    private const double CostOfInterpolation = 32;

    private static IEnumerable<KeyValuePair<string, Func<GraphNode, GraphStep>>> Sizing =>
    [
        new("Constant", Constant),
        new("ConstantOfShape", ConstantOfShape),
        new("Expand", Expand),
        new("EyeLike", static node => new GraphValue((DataType)node.Int("dtype", (long)node.In(0).Type), node.In(0).Shape)),
        new("OneHot", OneHot),
        new("Pad", Pad),
        new("Range", Range),
        new("Resize", Resize),
        new("Upsample", node => Scaled(node, node.Floats("scales") is { } scales && !node.Has(1) ? Array.ConvertAll(scales, scale => (double)scale) : node.Numbers(1))),
        new("Shape", Shape),
        new("Size", static node => new GraphValue(DataType.Int64, []).With([node.In(0).Count])),
        new("Tile", Tile),
        new("TopK", TopK),
    ];

    private static GraphStep Constant(GraphNode node)
    {
        if (node.Tensor("value") is { } tensor)
        {
            return GraphTensor.ToValue(tensor);
        }

        GraphValue value = node switch
        {
            _ when node.HasAttribute("value_int") => new GraphValue(DataType.Int64, []).With([node.Int("value_int", 0)]),
            _ when node.HasAttribute("value_float") => new GraphValue(DataType.Float, []).With([node.Float("value_float")]),
            _ when node.HasAttribute("value_ints") => Vector(DataType.Int64, Array.ConvertAll(node.Ints("value_ints")!, number => (double)number)),
            _ when node.HasAttribute("value_floats") => Vector(DataType.Float, Array.ConvertAll(node.Floats("value_floats")!, number => (double)number)),
            _ => throw new WeightsFormatException("it has no tensor or number as its value"),
        };
        return value with { IsConstant = true };
    }

    private static GraphValue Vector(DataType type, double[] numbers) => new GraphValue(type, [numbers.Length]).With(numbers);

    private static GraphStep ConstantOfShape(GraphNode node)
    {
        GraphValue? filling = node.Tensor("value") is { } tensor ? GraphTensor.ToValue(tensor) : null;
        Require(filling is null or { Count: 1 }, "its value is not one number");
        var output = new GraphValue(filling?.Type ?? DataType.Float, node.Sizes(0));
        double? number = filling is null ? 0 : filling.Numbers?[0];
        return output.Count <= GraphValue.MostNumbers && number is { } fill ? output.With([.. Enumerable.Repeat(fill, (int)output.Count)]) : output;
    }

    private static GraphStep Expand(GraphNode node)
    {
        GraphValue input = node.In(0);
        var output = new GraphValue(input.Type, BroadcastShape(input.Shape, node.Sizes("shape", 1) ?? throw new WeightsFormatException("it has no shape")));
        return output.With(input.Numbers is { } numbers && output.Count <= GraphValue.MostNumbers ? Array.ConvertAll(Places(input, output), place => numbers[place]) : null);
    }

    private static GraphStep OneHot(GraphNode node)
    {
        (GraphValue indices, double[] depth) = (node.In(0), node.Numbers(1));
        Require(depth.Length == 1, "its depth is not one number");
        int axis = node.Axis("axis", -1, indices.Rank + 1);
        return new GraphValue(node.In(2).Type, [.. indices.Shape[..axis], checked((long)depth[0]), .. indices.Shape[axis..]]);
    }

    private static GraphStep Pad(GraphNode node)
    {
        GraphValue input = node.In(0);
        long[] pads = node.Sizes("pads", 1) ?? throw new WeightsFormatException("it has no padding");
        int[] axes = node.Has(3) ? Array.ConvertAll(node.Sizes(3), axis => GraphNode.Axis(axis, input.Rank)) : [.. Enumerable.Range(0, input.Rank)];
        Require(pads.Length == 2 * axes.Length, $"its padding is {pads.Length} numbers for {axes.Length} axes");
        long[] shape = [.. input.Shape];
        for (int i = 0; i < axes.Length; i++)
        {
            shape[axes[i]] = checked(shape[axes[i]] + pads[i] + pads[axes.Length + i]);
        }

        return new GraphValue(input.Type, shape);
    }

    private static GraphStep Range(GraphNode node)
    {
        (double[] start, double[] limit, double[] step) = (node.Numbers(0), node.Numbers(1), node.Numbers(2));
        Require(start.Length == 1 && limit.Length == 1 && step.Length == 1 && step[0] != 0, "its start, limit and step are no numbers, or the step is 0");
        double count = Math.Max(0, Math.Ceiling((limit[0] - start[0]) / step[0]));
        Require(count <= int.MaxValue, FormattableString.Invariant($"it gives {count} numbers"));
        var output = new GraphValue(node.In(0).Type, [(long)count]);
        return output.Count <= GraphValue.MostNumbers ? output.With([.. Enumerable.Range(0, (int)count).Select(i => start[0] + (i * step[0]))]) : output;
    }

    /// <summary>Since version 11: input, region, scales, sizes; before: input, scales.</summary>
    private static GraphStep Resize(GraphNode node)
    {
        GraphValue input = node.In(0);
        Require(node.Text("keep_aspect_ratio_policy") is null or "" or "stretch", "its attribute keep_aspect_ratio_policy leaves the size open; use stretch");
        if (node.InputCount == 2)
        {
            return Scaled(node, node.Numbers(1));
        }

        int[] axes = node.Ints("axes") is { } named ? Array.ConvertAll(named, axis => GraphNode.Axis(axis, input.Rank)) : [.. Enumerable.Range(0, input.Rank)];
        if (node.Has(3) && node.In(3).Count > 0)
        {
            long[] sizes = node.Sizes(3), shape = [.. input.Shape];
            Require(sizes.Length == axes.Length, $"it has {sizes.Length} sizes for {axes.Length} axes");
            for (int i = 0; i < axes.Length; i++)
            {
                shape[axes[i]] = sizes[i];
            }

            return Interpolated(new GraphValue(input.Type, shape), input);
        }

        double[] scales = node.Numbers(2), ofAxes = [.. Enumerable.Repeat(1.0, input.Rank)];
        Require(scales.Length == axes.Length, $"it has {scales.Length} scales for {axes.Length} axes");
        for (int i = 0; i < axes.Length; i++)
        {
            ofAxes[axes[i]] = scales[i];
        }

        return Scaled(node, ofAxes);
    }

    private static GraphStep Scaled(GraphNode node, double[] scales)
    {
        GraphValue input = node.In(0);
        Require(scales.Length == input.Rank && Array.TrueForAll(scales, scale => scale > 0 && double.IsFinite(scale)), $"its scales [{string.Join(", ", scales.Select(scale => scale.ToString(CultureInfo.InvariantCulture)))}] are not a positive number for each axis of {input}");
        return Interpolated(new GraphValue(input.Type, [.. input.Shape.Zip(scales, (size, scale) => checked((long)(size * (float)scale)))]), input);
    }

    private static GraphStep Interpolated(GraphValue output, GraphValue input) => new([output], CostOfInterpolation * (output.Count + input.Count));

    private static GraphStep Shape(GraphNode node)
    {
        GraphValue input = node.In(0);
        int start = (int)Clamp(node.Int("start", 0)), end = (int)Clamp(node.Int("end", input.Rank));
        return Vector(DataType.Int64, Array.ConvertAll(start < end ? input.Shape[start..end] : [], size => (double)size));

        long Clamp(long place) => Math.Clamp(place < 0 ? place + input.Rank : place, 0, input.Rank);
    }

    private static GraphStep Tile(GraphNode node)
    {
        (GraphValue input, long[] repeats) = (node.In(0), node.Sizes(1));
        Require(repeats.Length == input.Rank, $"it has {repeats.Length} repeats for {input}");
        return new GraphValue(input.Type, [.. input.Shape.Zip(repeats, (size, repeat) => checked(size * repeat))]);
    }

    private static GraphStep TopK(GraphNode node)
    {
        GraphValue input = node.In(0);
        int axis = node.Axis("axis", -1, input.Rank);
        double[] count = node.HasAttribute("k") && !node.Has(1) ? [node.Int("k", 0)] : node.Numbers(1);
        Require(count.Length == 1 && count[0] >= 0 && count[0] <= input.Shape[axis], FormattableString.Invariant($"it takes the greatest {count.FirstOrDefault()} of {input.Shape[axis]}"));
        long[] shape = [.. input.Shape];
        shape[axis] = (long)count[0];
        return new GraphStep([new GraphValue(input.Type, shape), new GraphValue(DataType.Int64, shape)], input.Count * Math.Log2(input.Count + 2.0) * CostOfFunction, Workspace: input.Count * (sizeof(long) + sizeof(double)));
    }
}
