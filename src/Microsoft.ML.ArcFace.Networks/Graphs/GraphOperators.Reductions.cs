using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

// Operators that make one number of all along an axis.
internal static partial class GraphOperators
{
    private static IEnumerable<KeyValuePair<string, Func<GraphNode, GraphStep>>> Reductions =>
    [
        .. Each(node => Reduce(node, reduce: null), "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMean", "ReduceSumSquare"),
        new("ReduceMax", node => Reduce(node, static numbers => numbers.Max())),
        new("ReduceMin", node => Reduce(node, static numbers => numbers.Min())),
        new("ReduceProd", node => Reduce(node, static numbers => numbers.Aggregate((a, b) => a * b))),
        new("ReduceSum", node => Reduce(node, static numbers => numbers.Sum())),
        .. Each(Arg, "ArgMax", "ArgMin"),
    ];

    private static GraphStep Reduce(GraphNode node, Func<double[], double>? reduce)
    {
        GraphValue input = node.In(0);
        long[] named = node.Sizes("axes", 1) ?? [];
        bool isUnchanged = named.Length == 0 && node.Int("noop_with_empty_axes", 0) == 1;
        HashSet<int> axes = named.Length == 0 && !isUnchanged ? [.. Enumerable.Range(0, input.Rank)] : [.. named.Select(axis => GraphNode.Axis(axis, input.Rank))];
        GraphValue output = Reduced(input, axes, node.Int("keepdims", 1) == 1, input.Type);
        bool isExact = reduce is not null && !isUnchanged && input.Rank <= 1 && input.Numbers is { Length: > 0 } && input.Type is DataType.Int64 or DataType.Float;
        double[]? numbers = isExact && input.Numbers is { Length: > 0 } known ? [reduce!(known)] : null;
        return new GraphStep([output.With(numbers)], CostOfFunction * input.Count, Workspace: input.Bytes);
    }

    private static GraphStep Arg(GraphNode node)
    {
        GraphValue input = node.In(0);
        return new GraphStep([Reduced(input, [node.Axis("axis", 0, input.Rank)], node.Int("keepdims", 1) == 1, DataType.Int64)], CostOfFunction * input.Count, Workspace: input.Bytes);
    }

    private static GraphValue Reduced(GraphValue input, HashSet<int> axes, bool keepsAxes, DataType type) => new(type, keepsAxes
        ? [.. input.Shape.Select((size, i) => axes.Contains(i) ? 1 : size)]
        : [.. input.Shape.Where((_, i) => !axes.Contains(i))]);
}
