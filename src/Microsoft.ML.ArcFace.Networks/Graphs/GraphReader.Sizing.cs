using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Graphs;

// Operators that enlarge and shrink maps.
internal sealed partial class GraphReader
{
    /// <summary>Resize and, before version 10, Upsample: of rows and columns alone.</summary>
    private static GraphOperand[] ReadResize(NodeReading reading)
    {
        // Before version 11 there were neither rules nor sizes.
        const int firstWithRules = 11;
        bool hasRules = reading.Version >= firstWithRules && reading.Node.OpType == "Resize";
        GraphOperand value = reading.ValueIn(0);
        Require(value.Shape.Length == 4, $"it reads {value}, where a map of rows and columns is needed");
        long[] shape = SizesOfResult(reading, value);
        Require(shape[1] == value.Shape[1] && shape[0] == value.Shape[0], $"it makes [{string.Join(", ", shape)}] of {value}; only rows and columns are resized here");
        double[] scales = [.. Enumerable.Range(2, 2).Select(axis => ScaleOf(reading, hasRules, axis) ?? (double)((float)shape[axis] / value.Shape[axis]))];
        string mode = reading.Numbers.Text("mode") ?? "nearest";
        Require(mode is "nearest" or "linear", $"its mode is {mode}; nearest and linear are known here");
        Require(reading.Numbers.Int("antialias", 0) == 0, "it smooths what it shrinks (antialias)");
        string transformation = !hasRules ? "asymmetric" : reading.Numbers.Text("coordinate_transformation_mode") ?? "half_pixel";
        Require(ResizePositions.Transformations.Contains(transformation), $"its coordinate_transformation_mode is {transformation}; known are {string.Join(", ", ResizePositions.Transformations)}");
        bool shrinks = scales[0] < 1 || scales[1] < 1;
        Demand(hasRules || !shrinks || mode == "linear", "it shrinks to nearest neighbors by a rule that operator sets before 11 leave open; export the network with a newer one");
        string rounding = !hasRules ? "floor" : reading.Numbers.Text("nearest_mode") ?? "round_prefer_floor";
        Require(ResizePositions.Roundings.Contains(rounding), $"its nearest_mode is {rounding}; known are {string.Join(", ", ResizePositions.Roundings)}");
        return [shape.SequenceEqual(value.Shape) && scales is [1, 1] ? value : reading.Emit(
            Operators.Resize, [value], ("sizes", shape[2..]), ("scales", scales), ("mode", mode), ("coordinate_transformation_mode", transformation), ("nearest_mode", rounding))];
    }

    /// <summary>The scale that a node states for an axis; null where it states sizes.</summary>
    private static double? ScaleOf(NodeReading reading, bool hasRules, int axis)
    {
        int input = hasRules ? 2 : 1;
        if (!reading.Has(input))
        {
            return reading.Numbers.Floats("scales") is { } stated ? stated[axis] : null;
        }

        // An empty tensor stands for none, as some programs write it.
        double[] scales = reading.Numbers.Numbers(input);
        int[] axes = reading.Numbers.Ints("axes") is { } named ? Array.ConvertAll(named, number => GraphNode.Axis(number, 4)) : [0, 1, 2, 3];
        int place = Array.IndexOf(axes, axis);
        return scales.Length == 0 ? null : place < 0 ? 1 : scales[place];
    }
}
