using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

// Operators that give a number for each number, or for each of several that are broadcast to each other.
internal static partial class GraphOperators
{
    /// <summary>What an operation on one number takes, beside a multiplication and addition.</summary>
    private const double CostOfFunction = 8;

    private static IEnumerable<KeyValuePair<string, Func<GraphNode, GraphStep>>> Elementwise =>
    [
        .. Each(node => Same(node), "Acos", "Asin", "Atan", "Celu", "Clip", "Cos", "CumSum", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Hardmax", "LeakyRelu", "Log", "LogSoftmax", "LRN",
            "LpNormalization", "MeanVarianceNormalization", "Mish", "PRelu", "Reciprocal", "Relu", "Selu", "Shrink", "Sigmoid", "Sin", "Softmax", "Softplus", "Softsign", "Tan", "Tanh", "ThresholdedRelu", "Trilu",
            "BatchNormalization", "GroupNormalization", "InstanceNormalization", "LayerNormalization"),
        .. Each(node => Same(node, DataType.Bool), "IsInf", "IsNaN"),
        new("Dropout", node => new GraphStep([node.In(0) with { IsConstant = false }, new GraphValue(DataType.Bool, node.In(0).Shape)])),
        new("Abs", node => Function(node, Math.Abs)),
        new("Ceil", node => Function(node, Math.Ceiling)),
        new("Floor", node => Function(node, Math.Floor)),
        new("Identity", node => Function(node, static number => number)),
        new("Neg", node => Function(node, static number => -number)),
        new("Not", node => Function(node, static number => number == 0 ? 1 : 0)),
        new("Round", node => Function(node, Math.Round)),
        new("Sign", node => Function(node, static number => double.IsNaN(number) ? number : Math.Sign(number))),
        new("Sqrt", node => Function(node, Math.Sqrt)),
        new("Cast", Cast),
        new("Add", node => Broadcast(node, static (a, b) => a + b)),
        new("Sub", node => Broadcast(node, static (a, b) => a - b)),
        new("Mul", node => Broadcast(node, static (a, b) => a * b)),
        new("Div", node => Divide(node, isRemainder: false)),
        new("Mod", node => Divide(node, isRemainder: true)),
        new("Pow", node => Broadcast(node, combine: null)),
        new("Max", node => Broadcast(node, Math.Max)),
        new("Min", node => Broadcast(node, Math.Min)),
        new("Sum", node => Broadcast(node, combine: null)),
        new("Mean", node => Broadcast(node, combine: null)),
        new("And", node => Compare(node, static (a, b) => a != 0 && b != 0)),
        new("Or", node => Compare(node, static (a, b) => a != 0 || b != 0)),
        new("Xor", node => Compare(node, static (a, b) => a != 0 ^ b != 0)),
        new("Equal", node => Compare(node, static (a, b) => a == b)),
        new("Greater", node => Compare(node, static (a, b) => a > b)),
        new("GreaterOrEqual", node => Compare(node, static (a, b) => a >= b)),
        new("Less", node => Compare(node, static (a, b) => a < b)),
        new("LessOrEqual", node => Compare(node, static (a, b) => a <= b)),
        new("Where", Where),
    ];

    private static IEnumerable<KeyValuePair<string, Func<GraphNode, GraphStep>>> Each(Func<GraphNode, GraphStep> rule, params string[] names) =>
        names.Select(name => new KeyValuePair<string, Func<GraphNode, GraphStep>>(name, rule));

    /// <summary>Gives the sizes of values that are broadcast to each other.</summary>
    private static long[] BroadcastShape(long[] first, long[] second)
    {
        long[] shape = new long[Math.Max(first.Length, second.Length)];
        for (int i = 1; i <= shape.Length; i++)
        {
            long a = i <= first.Length ? first[^i] : 1, b = i <= second.Length ? second[^i] : 1;
            shape[^i] = a == b || b == 1 ? a : a == 1 ? b : throw new WeightsFormatException($"sizes [{string.Join(", ", first)}] and [{string.Join(", ", second)}] do not fit each other");
        }

        return shape;
    }

    /// <summary>An output as large as the first input; further ones, such as the mean of a normalization, are at most that large.</summary>
    private static GraphStep Same(GraphNode node, DataType? type = null)
    {
        GraphValue input = node.In(0);
        GraphValue first = new(type ?? input.Type, input.Shape);
        GraphValue further = first with { Type = input.IsInteger ? input.Type : DataType.Float };
        return new GraphStep([first, .. Enumerable.Repeat(further, Math.Max(0, node.OutputCount - 1))], CostOfFunction * first.Count * Math.Max(1, node.Int("size", 1)));
    }

    private static GraphStep Function(GraphNode node, Func<double, double> function)
    {
        GraphValue input = node.In(0);
        double[]? numbers = input.Numbers is { } known ? Array.ConvertAll(known, number => function(number)) : null;
        return new GraphStep([new GraphValue(input.Type, input.Shape).With(numbers)], CostOfFunction * input.Count);
    }

    private static GraphStep Cast(GraphNode node)
    {
        GraphValue input = node.In(0);
        GraphValue output = new((DataType)node.Int("to", 0), input.Shape);
        double[]? numbers = input.Numbers is null ? null
            : output.Type == DataType.Bool ? Array.ConvertAll(input.Numbers, number => number == 0 ? 0d : 1d)
            : output.IsInteger && output.Type is not (DataType.Int32 or DataType.Int64) ? null
            : output.IsInteger ? Array.ConvertAll(input.Numbers, Math.Truncate) : input.Numbers;
        return new GraphStep([output.With(numbers is not null && Array.TrueForAll(numbers, double.IsFinite) ? numbers : null)], CostOfFunction * input.Count);
    }

    private static GraphStep Broadcast(GraphNode node, Func<double, double, double>? combine)
    {
        GraphValue[] inputs = [.. node.Inputs];
        long[] shape = inputs.Aggregate(node.In(0).Shape, (sizes, input) => BroadcastShape(sizes, input.Shape));
        var output = new GraphValue(node.In(0).Type, shape);
        double[]? numbers = combine is null || inputs.Length != 2 ? null : Combine(inputs[0], inputs[1], output, combine);
        return new GraphStep([output.With(numbers)], CostOfFunction * output.Count * Math.Max(1, inputs.Length - 1));
    }

    /// <summary>Whole numbers are divided by known ones only: zero would end the process.</summary>
    private static GraphStep Divide(GraphNode node, bool isRemainder)
    {
        if (node.In(0).IsInteger && !(node.In(1).Numbers is { } divisors && Array.TrueForAll(divisors, divisor => divisor is not (0 or -1))))
        {
            throw new WeightsFormatException("it divides whole numbers by 0 or -1, or by numbers that are computed from pixels");
        }

        return Broadcast(node, isRemainder ? null : node.In(0).IsInteger ? static (a, b) => Math.Truncate(a / b) : static (a, b) => a / b);
    }

    private static GraphStep Compare(GraphNode node, Func<double, double, bool> compare)
    {
        var output = new GraphValue(DataType.Bool, BroadcastShape(node.In(0).Shape, node.In(1).Shape));
        return new GraphStep([output.With(Combine(node.In(0), node.In(1), output, (a, b) => compare(a, b) ? 1 : 0))], CostOfFunction * output.Count);
    }

    private static GraphStep Where(GraphNode node)
    {
        (GraphValue condition, GraphValue yes, GraphValue no) = (node.In(0), node.In(1), node.In(2));
        var output = new GraphValue(yes.Type, BroadcastShape(BroadcastShape(condition.Shape, yes.Shape), no.Shape));
        double[]? numbers = null;
        if (condition.Numbers is { } conditions && yes.Numbers is { } ifTrue && no.Numbers is { } ifFalse && output.Count <= GraphValue.MostNumbers)
        {
            int[] ofCondition = Places(condition, output), ofYes = Places(yes, output), ofNo = Places(no, output);
            numbers = [.. Enumerable.Range(0, (int)output.Count).Select(i => conditions[ofCondition[i]] != 0 ? ifTrue[ofYes[i]] : ifFalse[ofNo[i]])];
        }

        return new GraphStep([output.With(numbers)], CostOfFunction * output.Count);
    }

    /// <summary>Computes numbers of two values that are known; null if they are not, or do not stay exact.</summary>
    private static double[]? Combine(GraphValue first, GraphValue second, GraphValue output, Func<double, double, double> combine)
    {
        const double largest = 1L << 53;
        if (first.Numbers is not { } a || second.Numbers is not { } b || output.Count > GraphValue.MostNumbers || output.Type is not (DataType.Float or DataType.Int32 or DataType.Int64 or DataType.Bool))
        {
            return null;
        }

        int[] ofFirst = Places(first, output), ofSecond = Places(second, output);
        double[] numbers = [.. Enumerable.Range(0, (int)output.Count).Select(i => combine(a[ofFirst[i]], b[ofSecond[i]]))];
        return !output.IsInteger || output.Type == DataType.Bool || (Array.TrueForAll(numbers, Fits) && Array.TrueForAll(a, Fits) && Array.TrueForAll(b, Fits)) ? numbers : null;

        static bool Fits(double number) => Math.Abs(number) <= largest;
    }

    private static int[] Places(GraphValue value, GraphValue output) => TensorIndexes.OfBroadcast(value.Shape, output.Shape);
}
