using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// What a graph does with pixels before anything else: scale·v + shift. Where the scale is about 1/127.5 the graph reads values of
/// 0 to 255.
/// </summary>
/// <param name="Scale">By channels in the order of the graph.</param>
/// <param name="Shift">By channels in the order of the graph.</param>
internal sealed record PixelScaling(float[] Scale, float[] Shift)
{
    /// <summary>Finds sums, products and norms with constants at the beginning of a network, by their operators; null if there are none.</summary>
    public static PixelScaling? Of(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors)
    {
        double[] scale = [1, 1, 1], shift = [0, 0, 0];
        bool isFound = false;
        string value = network.Input;
        while (network.ReadersOf(value).ToArray() is [var node] && node.Outputs.Count == 1 && network.ShapeOf(node.Output) is { Length: 4 })
        {
            if (AffineOf(network, tensors, node, value) is { } affine)
            {
                scale = [.. scale.Zip(affine.Scale, (a, b) => a * b)];
                shift = [.. shift.Zip(affine.Scale, (a, b) => a * b).Zip(affine.Shift, (a, b) => a + b)];
            }
            else if (node.Operator != Operators.Transpose)
            {
                break;
            }
            else
            {
                value = node.Output;
                continue;
            }

            isFound = true;
            value = node.Output;
        }

        return isFound ? new PixelScaling(Array.ConvertAll(scale, number => (float)number), Array.ConvertAll(shift, number => (float)number)) : null;
    }

    /// <summary>A norm, sum or product with constants as scale·x + shift by channels; null if the node is no such one of a value of three channels.</summary>
    public static (double[] Scale, double[] Shift)? AffineOf(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors, NetworkNode node, string value)
    {
        if (node.Operator == Operators.BatchNormalization && network.ShapeOf(value)[1] == FaceInput.Channels)
        {
            return FoldedNetwork.Affine(node, tensors);
        }

        if (ConstantOf(network, tensors, node, value) is not { } constant)
        {
            return null;
        }

        double[] numbers = Array.ConvertAll(constant, number => (double)number), ones = [1, 1, 1], zeros = [0, 0, 0];
        return node.Operator switch
        {
            Operators.Add => (ones, numbers),
            Operators.Multiply => (numbers, zeros),
            "Sub" when node.Input == value => (ones, Array.ConvertAll(numbers, number => -number)),
            "Div" when node.Input == value => (Array.ConvertAll(numbers, number => 1 / number), zeros),
            _ => null,
        };
    }

    /// <summary>The constant of an operator of two numbers, by channels; null if it is no such constant.</summary>
    private static float[]? ConstantOf(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors, NetworkNode node, string value)
    {
        if (!Operators.OfTwoValues.Contains(node.Operator) || node.Inputs.FirstOrDefault(input => input != value) is not { } name || !tensors.TryGetValue(name, out StateTensor? tensor))
        {
            return null;
        }

        // The channels of the value are its second axis, or its last.
        long[] shape = network.ShapeOf(value);
        int axis = shape[1] == FaceInput.Channels ? 2 : 0;
        return tensor.Count == 1 ? [.. Enumerable.Repeat(tensor.ToSingles()[0], FaceInput.Channels)]
            : tensor.Count == FaceInput.Channels && tensor.Shape.Length > axis && tensor.Shape[^(axis + 1)] == FaceInput.Channels ? tensor.ToSingles()
            : null;
    }
}
