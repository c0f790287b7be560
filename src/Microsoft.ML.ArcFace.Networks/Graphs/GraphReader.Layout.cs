using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

// Operators that arrange numbers anew.
internal sealed partial class GraphReader
{
    /// <summary>Reshape, Squeeze, Unsqueeze and Flatten: the same numbers in other sizes, which are known.</summary>
    private static GraphOperand[] ReadShape(NodeReading reading)
    {
        GraphOperand value = reading.In(0);
        long[] shape = SizesOfResult(reading, value);
        if (value.Tensor is not null || shape.SequenceEqual(value.Stated ?? value.Shape))
        {
            return [value.Tensor is null ? value : WithShape(value, shape)];
        }

        if (reading.Reader._isOnePicture)
        {
            return [OfOnePicture(reading, value, shape)];
        }

        Require(shape is [1, ..] && TensorIndexes.Count(shape) == TensorIndexes.Count(value.Shape), $"it makes [{string.Join(", ", shape)}] of {value} for one picture, which mixes the pictures of a batch");
        return [shape.Length == 2 ? reading.Emit(Operators.Flatten, [value], ("axis", 1L)) : reading.Emit(Operators.Reshape, [value], ("shape", (long[])[-1, .. shape[1..]]))];
    }

    /// <summary>Numbers of the only picture in other sizes, which need not begin with a batch.</summary>
    private static GraphOperand OfOnePicture(NodeReading reading, GraphOperand value, long[] shape)
    {
        long[] sizes = shape is [1, _, ..] ? shape : [1, .. shape];
        GraphOperand result = sizes.SequenceEqual(value.Shape) ? value : reading.Emit(Operators.Reshape, [value], ("shape", (long[])[-1, .. sizes[1..]]));
        return result with { Stated = sizes.Length == shape.Length ? null : shape };
    }

    private static GraphOperand[] ReadExpand(NodeReading reading)
    {
        GraphOperand value = reading.In(0);
        long[] shape = SizesOfResult(reading, value);
        Require(value.Tensor is not null || shape is [1, ..], "it repeats the pictures of a batch");
        return [shape.SequenceEqual(value.Shape) ? value : reading.Emit(Operators.Expand, [value], ("shape", shape))];
    }

    private static GraphOperand[] ReadTranspose(NodeReading reading)
    {
        GraphOperand value = reading.In(0);
        int rank = value.Shape.Length;
        long[] order = reading.Numbers.Ints("perm") ?? [.. Enumerable.Range(0, rank).Reverse().Select(axis => (long)axis)];
        if (reading.Reader._isOnePicture && value is { Tensor: null, Stated: null } && order.Length == rank && order[0] != 0)
        {
            return [WithBatchMoved(reading, value, order)];
        }

        Require(order.Length == rank && (value.Tensor is not null || (order[0] == 0 && value.Stated is null)), $"it moves the axis of the batch [{string.Join(", ", order)}]");

        // Of two in a row one is left, or none.
        if (value.Tensor is null && reading.Reader._nodes.Find(node => node.Output == value.Name) is { Operator: Operators.Transpose } before)
        {
            long[] first = before.Attributes.Numbers("perm");
            order = Array.ConvertAll(order, axis => first[axis]);
            long[] shape = [.. reading.Reader._shapes[before.Input]];
            value = value with { Name = before.Input, Shape = [1, .. shape[1..]] };
        }

        return [order.SequenceEqual(Enumerable.Range(0, rank).Select(axis => (long)axis)) ? value : reading.Emit(Operators.Transpose, [value], ("perm", order))];
    }

    /// <summary>The axis of a single picture may stand anywhere: it changes the order of no numbers.</summary>
    private static GraphOperand WithBatchMoved(NodeReading reading, GraphOperand value, long[] order)
    {
        long[] others = [0, .. order.Where(axis => axis != 0)];
        bool isKept = others.SequenceEqual(others.Order());
        GraphOperand result = isKept ? value : reading.Emit(Operators.Transpose, [value], ("perm", others));
        return result with { Stated = Array.ConvertAll(order, axis => value.Shape[axis]) };
    }

    private static GraphOperand[] ReadConcat(NodeReading reading)
    {
        GraphOperand[] values = [.. Enumerable.Range(0, reading.InputCount).Select(reading.In)];
        int axis = reading.Numbers.Axis("axis", 1, values[0].Shape.Length);
        if (axis == 0 && values is [{ Tensor: null, IsMirrorPair: false } face, { Tensor: null } mirrored] && IsMirrorImage(reading.Reader, mirrored, face))
        {
            return [face with { IsMirrorPair = true }];
        }

        bool areTensors = Array.TrueForAll(values, value => value.Tensor is not null);
        Require(areTensors || axis > 0, "it joins pictures of a batch");
        Require(areTensors || Array.TrueForAll(values, value => value.Tensor is null), "it joins constants to what depends on the picture");
        return [reading.Emit(Operators.Concat, values, ("axis", (long)axis))];
    }

    private static bool IsMirrorImage(GraphReader reader, GraphOperand mirrored, GraphOperand face) =>
        reader._nodes.Find(node => node.Output == mirrored.Name) is { Operator: Operators.Slice } slice && slice.Input == face.Name && mirrored.Shape.SequenceEqual(face.Shape)
        && slice.Attributes.Numbers("axes") is [3] && slice.Attributes.Numbers("steps") is [-1];

    private static GraphOperand[] ReadSlice(NodeReading reading)
    {
        GraphOperand value = reading.In(0);
        int rank = value.Shape.Length;
        long[] starts = reading.Numbers.Sizes("starts", 1) ?? [];
        long[] axes = reading.Numbers.Sizes("axes", 3) is { } named ? Array.ConvertAll(named, axis => (long)GraphNode.Axis(axis, rank)) : [.. Enumerable.Range(0, starts.Length).Select(axis => (long)axis)];
        long[] steps = reading.Has(4) ? reading.Numbers.Sizes(4) : [.. Enumerable.Repeat(1L, starts.Length)];
        Require(axes.Distinct().Count() == axes.Length, "it names an axis twice");
        long[] shape = SizesOfResult(reading, value), ends = new long[starts.Length];
        Require(Array.TrueForAll(shape, size => size > 0), "nothing is left of what it reads");
        Require(value.Tensor is not null || shape is [1, ..], "it takes pictures of a batch away");
        for (int i = 0; i < starts.Length; i++)
        {
            long size = value.Shape[axes[i]];
            steps[i] = shape[axes[i]] == 1 ? 1 : steps[i];
            starts[i] = Math.Clamp(starts[i] < 0 ? Math.Max(starts[i], -size) + size : starts[i], 0, size - 1);
            ends[i] = starts[i] + (shape[axes[i]] * steps[i]);
            ends[i] = ends[i] < 0 ? -size - 1 : Math.Min(ends[i], size);
        }

        int[] changed = [.. Enumerable.Range(0, starts.Length).Where(i => !(steps[i] == 1 && shape[axes[i]] == value.Shape[axes[i]]))];
        return [changed.Length == 0 ? value : reading.Emit(Operators.Slice, [value], ("starts", Chosen(starts)), ("ends", Chosen(ends)), ("axes", Chosen(axes)), ("steps", Chosen(steps)))];

        long[] Chosen(long[] numbers) => Array.ConvertAll(changed, i => numbers[i]);
    }

    private static GraphOperand[] ReadSplit(NodeReading reading)
    {
        GraphOperand value = reading.ValueIn(0);
        int axis = reading.Numbers.Axis("axis", 0, value.Shape.Length), parts = reading.Node.Output.Count;
        if (axis == 0 && value.IsMirrorPair && parts == 2)
        {
            return [value with { IsMirrorPair = false, Half = 0 }, value with { IsMirrorPair = false, Half = 1 }];
        }

        Require(axis > 0, "it takes the pictures of a batch apart");
        long done = 0;
        return [.. reading.Node.Output.Select(output =>
        {
            long begin = done;
            done += reading.Reader._cost.Values[output].Shape[axis];
            return reading.Emit(Operators.Slice, [value], ("starts", new[] { begin }), ("ends", new[] { done }), ("axes", new long[] { axis }), ("steps", new[] { 1L }));
        })];
    }

    private static GraphOperand[] ReadPad(NodeReading reading)
    {
        GraphOperand value = reading.ValueIn(0);
        int rank = value.Shape.Length;
        Require(reading.Numbers.Text("mode") is null or "" or "constant", $"it fills with mode {reading.Numbers.Text("mode")}; only constants are known here");
        long[] stated = reading.Numbers.Sizes("pads", 1) ?? [], pads = new long[2 * rank];
        int[] axes = reading.Has(3) ? Array.ConvertAll(reading.Numbers.Sizes(3), axis => GraphNode.Axis(axis, rank)) : [.. Enumerable.Range(0, rank)];
        for (int i = 0; i < axes.Length; i++)
        {
            (pads[axes[i]], pads[rank + axes[i]]) = (stated[i], stated[axes.Length + i]);
        }

        Require(Array.TrueForAll(pads, pad => pad >= 0) && pads[0] == 0 && pads[rank] == 0, $"its padding [{string.Join(", ", stated)}] takes something away, or changes the batch");
        double filling = !reading.Has(2) ? reading.Real("value", 0)
            : reading.TensorIn(2).Tensor!.ToSingles() is [var number] ? number
            : throw new WeightsFormatException("what it fills with is not one number");
        return [Array.TrueForAll(pads, pad => pad == 0) ? value : reading.Emit(Operators.Pad, [value], ("pads", pads), ("value", filling))];
    }

    /// <summary>The sizes of the result for one image, or for a pair of mirror images as if it were one.</summary>
    private static long[] SizesOfResult(NodeReading reading, GraphOperand value)
    {
        long[] shape = reading.Reader._cost.Values[reading.Output].Shape;
        return value.IsMirrorPair && shape is [2, .. var sizes] ? [1, .. sizes] : shape;
    }
}
