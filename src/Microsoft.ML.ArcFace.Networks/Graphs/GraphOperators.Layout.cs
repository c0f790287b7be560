using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

// Operators that arrange numbers anew, or choose from them.
internal static partial class GraphOperators
{
    private static IEnumerable<KeyValuePair<string, Func<GraphNode, GraphStep>>> Layout =>
    [
        new("Concat", node => Concatenation(node, [.. node.Inputs], node.In(0).Type)),
        new("DepthToSpace", node => Blocks(node, fromDepth: true)),
        new("SpaceToDepth", node => Blocks(node, fromDepth: false)),
        new("Flatten", Flatten),
        new("Gather", Gather),
        new("GatherElements", static node => new GraphValue(node.In(0).Type, node.In(1).Shape)),
        new("GatherND", GatherND),
        new("Reshape", Reshape),
        .. Each(static node => new GraphValue(node.In(0).Type, node.In(0).Shape), "Scatter", "ScatterElements", "ScatterND"),
        new("Slice", Slice),
        new("Split", Split),
        new("Squeeze", Squeeze),
        new("Unsqueeze", Unsqueeze),
        new("Transpose", Transpose),
    ];

    private static GraphStep Concatenation(GraphNode node, GraphValue[] parts, DataType type)
    {
        Require(parts.Length > 0, "it joins nothing");
        int axis = node.Axis("axis", 1, parts[0].Rank);
        long[] shape = [.. parts[0].Shape];
        foreach (GraphValue part in parts.AsSpan(1))
        {
            Require(part.Rank == shape.Length && Enumerable.Range(0, shape.Length).All(i => i == axis || part.Shape[i] == shape[i]), $"it joins {part} to [{string.Join(", ", shape)}] along axis {axis}");
            shape[axis] = checked(shape[axis] + part.Shape[axis]);
        }

        double[]? numbers = shape.Length == 1 && Array.TrueForAll(parts, part => part.Numbers is not null) ? [.. parts.SelectMany(part => part.Numbers!)] : null;
        return new GraphValue(type, shape).With(numbers);
    }

    private static GraphStep Blocks(GraphNode node, bool fromDepth)
    {
        GraphValue input = node.In(0);
        long block = Positive(node.Int("blocksize", 0));
        Require(input.Rank == 4 && block <= int.MaxValue && (fromDepth ? input.Shape[1] % (block * block) == 0 : input.Shape[2] % block == 0 && input.Shape[3] % block == 0), $"blocks of {block} do not fit {input}");
        return new GraphValue(input.Type, fromDepth
            ? [input.Shape[0], input.Shape[1] / (block * block), checked(input.Shape[2] * block), checked(input.Shape[3] * block)]
            : [input.Shape[0], checked(input.Shape[1] * block * block), input.Shape[2] / block, input.Shape[3] / block]);
    }

    private static GraphStep Flatten(GraphNode node)
    {
        GraphValue input = node.In(0);
        int axis = node.Int("axis", 1) == input.Rank ? input.Rank : node.Axis("axis", 1, input.Rank);
        long rows = input.Shape.Take(axis).Aggregate(1L, (product, size) => product * size), columns = input.Shape.Skip(axis).Aggregate(1L, (product, size) => product * size);
        return new GraphValue(input.Type, [rows, columns]).With(input.Numbers);
    }

    private static GraphStep Gather(GraphNode node)
    {
        (GraphValue data, GraphValue indices) = (node.In(0), node.In(1));
        int axis = node.Axis("axis", 0, data.Rank);
        var output = new GraphValue(data.Type, [.. data.Shape[..axis], .. indices.Shape, .. data.Shape[(axis + 1)..]]);
        double[]? numbers = null;
        if (data is { Rank: 1, Numbers: { } from } && indices.Numbers is { } places)
        {
            Require(Array.TrueForAll(places, place => place >= -from.Length && place < from.Length), FormattableString.Invariant($"it takes element {places.FirstOrDefault(place => place < -from.Length || place >= from.Length)} of {from.Length}"));
            numbers = Array.ConvertAll(places, place => from[(int)(place < 0 ? place + from.Length : place)]);
        }

        return output.With(numbers);
    }

    private static GraphStep GatherND(GraphNode node)
    {
        (GraphValue data, GraphValue indices) = (node.In(0), node.In(1));
        long batch = node.Int("batch_dims", 0);
        Require(indices.Rank > 0 && batch >= 0 && batch < Math.Min(data.Rank, indices.Rank) && batch + indices.Shape[^1] <= data.Rank, $"its indices {indices} do not fit {data}");
        return new GraphValue(data.Type, [.. indices.Shape[..^1], .. data.Shape[(int)(batch + indices.Shape[^1])..]]);
    }

    private static GraphStep Reshape(GraphNode node)
    {
        GraphValue input = node.In(0);
        long[] shape = [.. node.Sizes("shape", 1) ?? throw new WeightsFormatException("it has no shape")];
        bool keepsZero = node.Int("allowzero", 0) != 0;
        long known = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            shape[i] = shape[i] == 0 && !keepsZero ? i < input.Rank ? input.Shape[i] : throw new WeightsFormatException($"its shape keeps size {i + 1} of {input}") : shape[i];
            known = shape[i] == -1 ? known : checked(known * shape[i]);
        }

        int open = Array.IndexOf(shape, -1);
        if (open >= 0)
        {
            Require(known > 0 && Array.LastIndexOf(shape, -1) == open, $"its shape [{string.Join(", ", shape)}] cannot be completed");
            shape[open] = input.Count / known;
        }

        var output = new GraphValue(input.Type, shape);
        Require(output.Count == input.Count, $"it makes [{string.Join(", ", shape)}] of {input}");
        return output.With(input.Numbers);
    }

    private static GraphStep Slice(GraphNode node)
    {
        GraphValue input = node.In(0);
        long[] starts = node.Sizes("starts", 1) ?? [], ends = node.Sizes("ends", 2) ?? [];
        long[] axes = node.Sizes("axes", 3) ?? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)], steps = node.Sizes("steps", 4) ?? [.. Enumerable.Repeat(1L, starts.Length)];
        Require(starts.Length == ends.Length && starts.Length == axes.Length && starts.Length == steps.Length, "its starts, ends, axes and steps are not equally many");
        long[] shape = [.. input.Shape];
        double[]? numbers = input.Rank == 1 ? input.Numbers : null;
        for (int i = 0; i < starts.Length; i++)
        {
            int axis = GraphNode.Axis(axes[i], input.Rank);
            (long size, long step) = (input.Shape[axis], steps[i]);
            Require(step != 0 && Math.Abs((double)step) <= int.MaxValue * 2.0 || step == long.MaxValue || step == long.MinValue, "it goes on by steps of 0");
            step = Math.Clamp(step, -int.MaxValue, int.MaxValue);
            long start = step > 0 ? Math.Clamp(Place(starts[i], size), 0, size) : Math.Clamp(Place(starts[i], size), 0, Math.Max(0, size - 1));
            long end = step > 0 ? Math.Clamp(Place(ends[i], size), 0, size) : Math.Clamp(Place(ends[i], size), -1, size - 1);
            long count = size == 0 ? 0 : Math.Max(0, (long)Math.Ceiling((double)(end - start) / step));
            shape[axis] = count;
            numbers = numbers is null ? null : [.. Enumerable.Range(0, (int)count).Select(k => numbers[start + (k * step)])];
        }

        return new GraphValue(input.Type, shape).With(numbers);

        static long Place(long index, long size) => index < 0 ? Math.Max(index, -size - 1) + size : Math.Min(index, size);
    }

    private static GraphStep Split(GraphNode node)
    {
        GraphValue input = node.In(0);
        int axis = node.Axis("axis", 0, input.Rank), parts = node.OutputCount;
        long[]? sizes = node.Sizes("split", 1);
        if (sizes is null)
        {
            Require(parts > 0, "it gives nothing");
            long part = (input.Shape[axis] + parts - 1) / parts;
            sizes = [.. Enumerable.Range(0, parts).Select(i => Math.Clamp(input.Shape[axis] - (i * part), 0, part))];
        }

        Require(sizes.Length == parts && Array.TrueForAll(sizes, size => size >= 0 && size <= input.Shape[axis]) && sizes.Sum() == input.Shape[axis], $"its parts [{string.Join(", ", sizes)}] are not those of {input}");
        var outputs = new GraphValue[parts];
        int done = 0;
        for (int i = 0; i < parts; i++)
        {
            long[] shape = [.. input.Shape];
            shape[axis] = sizes[i];
            outputs[i] = new GraphValue(input.Type, shape).With(input is { Rank: 1, Numbers: { } numbers } ? numbers[done..(done + (int)sizes[i])] : null);
            done += (int)Math.Min(sizes[i], int.MaxValue - done);
        }

        return new GraphStep(outputs);
    }

    private static GraphStep Squeeze(GraphNode node)
    {
        GraphValue input = node.In(0);
        int[] axes = node.Sizes("axes", 1) is { } named ? Array.ConvertAll(named, axis => GraphNode.Axis(axis, input.Rank)) : [.. Enumerable.Range(0, input.Rank).Where(i => input.Shape[i] == 1)];
        Require(Array.TrueForAll(axes, axis => input.Shape[axis] == 1), $"it takes axes of {input} away that are no single ones");
        return new GraphValue(input.Type, [.. input.Shape.Where((_, i) => !axes.Contains(i))]).With(input.Numbers);
    }

    private static GraphStep Unsqueeze(GraphNode node)
    {
        GraphValue input = node.In(0);
        long[] named = node.Sizes("axes", 1) ?? throw new WeightsFormatException("it has no axes");
        int rank = input.Rank + named.Length;
        HashSet<int> axes = [.. named.Select(axis => GraphNode.Axis(axis, rank))];
        Require(axes.Count == named.Length, "it names an axis twice");
        var sizes = new Queue<long>(input.Shape);
        return new GraphValue(input.Type, [.. Enumerable.Range(0, rank).Select(i => axes.Contains(i) ? 1 : sizes.Dequeue())]).With(input.Numbers);
    }

    private static GraphStep Transpose(GraphNode node)
    {
        GraphValue input = node.In(0);
        long[] order = node.Ints("perm") ?? [.. Enumerable.Range(0, input.Rank).Reverse().Select(i => (long)i)];
        Require(order.Order().SequenceEqual(Enumerable.Range(0, input.Rank).Select(i => (long)i)), $"its order [{string.Join(", ", order)}] is none of the axes of {input}");
        return new GraphValue(input.Type, Array.ConvertAll(order, axis => input.Shape[axis])).With(input.Rank <= 1 ? input.Numbers : null);
    }
}
