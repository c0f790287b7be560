using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Computes nodes that read nothing but tensors.</summary>
internal static class ConstantFolding
{
    /// <summary>The result of a node; null where its operator is not computed beforehand.</summary>
    public static GraphOperand? Compute(NetworkNode node, IReadOnlyList<GraphOperand> inputs)
    {
        long[][] shapes = [.. inputs.Select(input => input.Shape)];
        if (Operators.OfLayout.Contains(node.Operator))
        {
            float[] values = [.. inputs.SelectMany(input => input.Tensor!.ToSingles())];
            float outside = (float)node.Attributes.Real("value", 0);
            long[] shape = Sizes(node, shapes);
            return Of(node, shape, Array.ConvertAll(TensorIndexes.Of(node, shapes, shape), index => index == TensorIndexes.Outside ? outside : values[index]));
        }

        if (Operators.OfOneValue.Contains(node.Operator))
        {
            float[] values = inputs[0].Tensor!.ToSingles();
            ElementFunctions.Of(node)(values, values);
            return Of(node, shapes[0], values);
        }

        if (Operators.OfTwoValues.Contains(node.Operator))
        {
            long[] shape = Sizes(node, shapes);
            (float[] left, float[] right) = (Broadcast(inputs[0], shape), Broadcast(inputs[1], shape));
            ElementFunctions.OfTwo(node)(left, right, left);
            return Of(node, shape, left);
        }

        return null;
    }

    private static float[] Broadcast(GraphOperand operand, long[] shape)
    {
        float[] values = operand.Tensor!.ToSingles();
        return Array.ConvertAll(TensorIndexes.OfBroadcast(operand.Shape, shape), index => values[index]);
    }

    private static long[] Sizes(NetworkNode node, long[][] shapes) => OperatorShapes.OfSizes(node, shapes)[0].Shape;

    private static GraphOperand Of(NetworkNode node, long[] shape, float[] values) => Array.TrueForAll(values, float.IsFinite)
        ? new GraphOperand(node.Output, shape, PlainTensor.Of(shape, values))
        : throw new WeightsFormatException("it makes numbers of constants that are not finite");
}
