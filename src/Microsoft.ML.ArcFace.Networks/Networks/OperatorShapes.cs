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

        var operation = new NodeProto { OpType = node.Operator, Attribute = { node.Attributes.Values.Select(attribute => OnnxGraph.Attribute(attribute.Key, attribute.Value)) } };
        operation.Output.AddRange(node.Outputs);
        try
        {
            // A pass for one image has the sizes of all passes, behind that of the batch.
            GraphStep step = GraphOperators.Evaluate(operation, [.. node.Inputs.Select(name => new GraphValue(DataType.Float, ForOneImage(shapeOf(name))))]);
            return [.. step.Outputs.Select(output => output.Shape is [1, .. var sizes] ? (long[])[NetworkDescription.Batch, .. sizes] : throw new WeightsFormatException($"its result {output} has no axis of images"))];
        }
        catch (WeightsFormatException error)
        {
            throw new WeightsFormatException($"{node} cannot be computed: {error.Message.TrimEnd('.')}.", error);
        }
    }

    private static long[] ForOneImage(long[] shape) => shape is [NetworkDescription.Batch, .. var sizes] ? [1, .. sizes] : shape;
}
