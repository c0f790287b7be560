namespace Microsoft.ML.ArcFace.Networks;

/// <summary>Finds the shapes of what nodes make from those of what they read. A further operator is a further entry of the table.</summary>
internal static class OperatorShapes
{
    private static readonly Dictionary<string, Func<NetworkNode, Func<string, long[]>, long[][]>> s_rules = new()
    {
        [Operators.Add] = OfTheInput,
        [Operators.BatchNormalization] = OfTheInput,
        [Operators.Convolution] = OfConvolution,
        [Operators.Dropout] = OfTheInput,
        [Operators.Flatten] = OfFlatten,
        [Operators.Linear] = OfLinear,
        [Operators.ParametricRelu] = OfTheInput,
    };

    /// <summary>The shapes of a node's outputs.</summary>
    /// <param name="node">The node.</param>
    /// <param name="shapeOf">Gives the shape of a value or tensor that it reads.</param>
    /// <exception cref="NotSupportedException">There is no rule for the operator.</exception>
    public static long[][] Of(NetworkNode node, Func<string, long[]> shapeOf) => s_rules.TryGetValue(node.Operator, out var rule)
        ? rule(node, shapeOf)
        : throw new NotSupportedException($"{node} has an operator that is not known here; known are {string.Join(", ", s_rules.Keys)}.");

    private static long[][] OfTheInput(NetworkNode node, Func<string, long[]> shapeOf) => [shapeOf(node.Input)];

    private static long[][] OfConvolution(NetworkNode node, Func<string, long[]> shapeOf)
    {
        if (shapeOf(node.Input) is not [var batch, var channels, var height, var width])
        {
            throw new ArgumentException($"{node} needs an input [batch, channels, height, width].", nameof(node));
        }

        long[] weight = shapeOf(node.Inputs[1]);
        var convolution = ConvolutionShape.Of(node, weight);
        return channels == weight[1] * convolution.Groups
            ? [[batch, weight[0], convolution.OutputSize(height), convolution.OutputSize(width)]]
            : throw new ArgumentException($"{node} has a weight for {weight[1] * convolution.Groups} channels; its input has {channels}.", nameof(node));
    }

    private static long[][] OfFlatten(NetworkNode node, Func<string, long[]> shapeOf)
    {
        long[] shape = shapeOf(node.Input);
        return [[shape[0], shape.Skip(1).Aggregate(1L, (product, size) => product * size)]];
    }

    private static long[][] OfLinear(NetworkNode node, Func<string, long[]> shapeOf)
    {
        (long[] shape, long[] weight) = (shapeOf(node.Input), shapeOf(node.Inputs[1]));
        return shape is [_, var columns] && columns == weight[1] && node.Attributes.Number("transB", 0) == 1
            ? [[shape[0], weight[0]]]
            : throw new ArgumentException($"{node} needs a weight [outputs, {shape[^1]}]; it has one of [{string.Join(", ", weight)}].", nameof(node));
    }
}
