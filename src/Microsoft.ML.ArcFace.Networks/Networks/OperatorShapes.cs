using Microsoft.ML.ArcFace.Export;
using Microsoft.ML.ArcFace.Graphs;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Networks;

/// <summary>Finds the shapes of what nodes make from those of what they read, by the rules for graphs of others (<see cref="GraphOperators"/>).</summary>
internal static class OperatorShapes
{
    /// <summary>The shapes of a node's outputs.</summary>
    /// <param name="node">The node.</param>
    /// <param name="shapeOf">Gives the shape of a value or tensor that it reads.</param>
    /// <exception cref="WeightsFormatException">The operator is none of <see cref="Operators"/>, or what the node reads does not fit it; the message names the node.</exception>
    public static long[][] Of(NetworkNode node, Func<string, long[]> shapeOf)
    {
        if (!Operators.All.Contains(node.Operator))
        {
            throw new WeightsFormatException($"{node} has an operator that is not known here; known are {string.Join(", ", Operators.All.Order(StringComparer.Ordinal))}.");
        }

        if (node.Operator == Operators.Linear && node.Attributes.Number("transB", 0) != 1)
        {
            throw new WeightsFormatException($"{node} needs a weight [outputs, inputs], and transB of 1.");
        }

        if (node.Operator == Operators.Graph)
        {
            return [RuntimeNetwork.ShapeOf(node, shapeOf)];
        }

        try
        {
            if (node.Operator == Operators.Resize)
            {
                return [Resized(node, shapeOf(node.Input))];
            }

            // A pass for one image has the sizes of all passes, behind that of the batch.
            GraphValue[] outputs = OfSizes(node, node.Inputs.Select(name => ForOneImage(shapeOf(name))));
            return Array.ConvertAll(outputs, output => output.Shape is [1, .. var sizes] ? (long[])[NetworkDescription.Batch, .. sizes] : throw new WeightsFormatException($"its result {output} has no axis of images"));
        }
        catch (WeightsFormatException error)
        {
            throw new WeightsFormatException($"{node} cannot be computed: {error.Message.TrimEnd('.')}.", error);
        }
    }

    /// <summary>What a node makes of values of known sizes, the first of which need not be a batch.</summary>
    /// <param name="node">The node.</param>
    /// <param name="inputs">The sizes of what it reads.</param>
    /// <exception cref="WeightsFormatException">They do not fit it; the message is a part of a sentence.</exception>
    public static GraphValue[] OfSizes(NetworkNode node, IEnumerable<long[]> inputs)
    {
        var operation = new NodeProto { OpType = node.Operator, Attribute = { node.Attributes.Values.Select(attribute => OnnxGraph.Attribute(attribute.Key, attribute.Value)) } };
        operation.Output.AddRange(node.Outputs);
        return GraphOperators.Evaluate(operation, [.. inputs.Select(sizes => new GraphValue(DataType.Float, sizes))]).Outputs;
    }

    /// <summary>The sizes of a <see cref="Operators.Resize"/>, whose form is not ONNX's.</summary>
    private static long[] Resized(NetworkNode node, long[] shape) =>
        shape is [var batch, var channels, > 0, > 0] && node.Attributes.Numbers("sizes") is [> 0 and <= int.MaxValue and var rows, > 0 and <= int.MaxValue and var columns]
        && node.Attributes.Reals("scales") is [> 0 and var ofRows, > 0 and var ofColumns] && double.IsFinite(ofRows) && double.IsFinite(ofColumns)
        && node.Attributes.Text("mode", "nearest") is "nearest" or "linear"
        && ResizePositions.Transformations.Contains(node.Attributes.Text("coordinate_transformation_mode", "half_pixel")) && ResizePositions.Roundings.Contains(node.Attributes.Text("nearest_mode", "round_prefer_floor"))
            ? [batch, channels, rows, columns]
            : throw new WeightsFormatException($"its sizes, scales or modes are not those of a map of rows and columns [{string.Join(", ", shape)}]");

    private static long[] ForOneImage(long[] shape) => shape is [NetworkDescription.Batch, .. var sizes] ? [1, .. sizes] : shape;
}
