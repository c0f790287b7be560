using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// Looks whether a node is whole: which inputs and outputs may be left out, and that no attribute is there twice. ONNX Runtime counts them, but takes one without a name for there:
/// its code then reads memory that is not its own.
/// </summary>
internal static class NodeCheck
{
    private static readonly Dictionary<string, int[]> s_inputs = new(StringComparer.Ordinal)
    {
        ["Clip"] = [1, 2],
        ["Conv"] = [2],
        ["ConvInteger"] = [2, 3],
        ["ConvTranspose"] = [2],
        ["DequantizeLinear"] = [2],
        ["Dropout"] = [1, 2],
        ["Gemm"] = [2],
        ["MatMulInteger"] = [2, 3],
        ["Pad"] = [2, 3],
        ["QGemm"] = [6, 7, 8],
        ["QLinearAdd"] = [2, 5, 7],
        ["QLinearAveragePool"] = [2, 4],
        ["QLinearConv"] = [8],
        ["QLinearGlobalAveragePool"] = [2, 4],
        ["QLinearLeakyRelu"] = [2, 4],
        ["QLinearMul"] = [2, 5, 7],
        ["QLinearSigmoid"] = [2, 4],
        ["QLinearSoftmax"] = [2],
        ["QuantizeLinear"] = [2],
        ["ReduceL1"] = [1],
        ["ReduceL2"] = [1],
        ["ReduceLogSum"] = [1],
        ["ReduceLogSumExp"] = [1],
        ["ReduceMax"] = [1],
        ["ReduceMean"] = [1],
        ["ReduceMin"] = [1],
        ["ReduceProd"] = [1],
        ["ReduceSum"] = [1],
        ["ReduceSumSquare"] = [1],
        ["Resize"] = [1, 2, 3],
        ["Slice"] = [3, 4],
        ["Split"] = [1],
        ["Squeeze"] = [1],
        ["Trilu"] = [1],
    };

    private static readonly HashSet<string> s_withOptionalOutputs = new(StringComparer.Ordinal) { "BatchNormalization", "Dropout", "LayerNormalization", "MaxPool" };

    /// <summary>Refuses a node that leaves out what it must have, or has an attribute twice, of which a runtime takes either.</summary>
    /// <exception cref="WeightsFormatException">It does.</exception>
    public static void Check(NodeProto node, int index)
    {
        if (node.Attribute.GroupBy(attribute => attribute.Name).FirstOrDefault(group => group.Skip(1).Any()) is { } twice)
        {
            throw new WeightsFormatException($"The attribute {twice.Key} of {GraphNode.Describe(node, index)} is there twice: the graph is damaged. Export the network anew.");
        }

        for (int i = 0; i < node.Input.Count; i++)
        {
            if (node.Input[i].Length == 0 && !(s_inputs.TryGetValue(node.OpType, out int[]? optional) && optional.Contains(i)))
            {
                throw new WeightsFormatException($"Input {i + 1} of {GraphNode.Describe(node, index)} has no name, and {node.OpType} must have it: the graph is damaged. Export the network anew.");
            }
        }

        for (int i = 0; i < node.Output.Count; i++)
        {
            if (node.Output[i].Length == 0 && (i == 0 || !s_withOptionalOutputs.Contains(node.OpType)))
            {
                throw new WeightsFormatException($"Output {i + 1} of {GraphNode.Describe(node, index)} has no name, and {node.OpType} must have it: the graph is damaged. Export the network anew.");
            }
        }
    }
}
