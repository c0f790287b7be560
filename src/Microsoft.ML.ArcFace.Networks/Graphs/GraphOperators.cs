using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// Lists the operators that graphs of others may use, for detectors and recognizers alike: those whose memory and time follow
/// from the sizes of their inputs. Each has the rule by which they are computed, so that nothing can be allowed without one.
/// </summary>
internal static partial class GraphOperators
{
    /// <summary>The operators that ONNX Runtime's quantizer writes beside those of ONNX.</summary>
    private const string MicrosoftDomain = "com.microsoft";

    private static readonly Dictionary<string, Func<GraphNode, GraphStep>> s_onnx = new(Elementwise.Concat(Dense).Concat(Layout).Concat(Sizing).Concat(Reductions).Concat(Quantized), StringComparer.Ordinal);

    private static readonly Dictionary<string, Func<GraphNode, GraphStep>> s_microsoft = new(MicrosoftQuantized, StringComparer.Ordinal);

    /// <summary>Gives the names of the allowed operators, in the order of the alphabet.</summary>
    public static IEnumerable<string> Names => s_onnx.Keys.Concat(s_microsoft.Keys.Select(name => $"{MicrosoftDomain}.{name}")).Order(StringComparer.Ordinal);

    /// <summary>Refuses a graph with an operator that is not in the list.</summary>
    /// <exception cref="WeightsFormatException">There is one; the message names it and its node.</exception>
    public static void Check(GraphProto graph)
    {
        if (graph.Node.Count > GraphLimits.MostNodes)
        {
            throw new WeightsFormatException($"The graph has {graph.Node.Count} nodes; at most {GraphLimits.MostNodes} are allowed.");
        }

        for (int i = 0; i < graph.Node.Count; i++)
        {
            if (Find(graph.Node[i]) is null)
            {
                throw new WeightsFormatException(
                    $"The operator {graph.Node[i].OpType} of {GraphNode.Describe(graph.Node[i], i)} is not allowed: networks of faces are made of convolutions, products, sums and changes of shape, " +
                    "without loops, conditions, random numbers and operators of other domains. Export the network without it.");
            }

            NodeCheck.Check(graph.Node[i], i);
        }
    }

    /// <summary>Computes what a node gives of what it takes.</summary>
    /// <exception cref="WeightsFormatException">Its inputs do not fit each other, or sizes depend on pixels.</exception>
    public static GraphStep Evaluate(NodeProto node, GraphValue?[] inputs) => Find(node)!(new GraphNode(node, inputs));

    private static Func<GraphNode, GraphStep>? Find(NodeProto node) => node.Domain switch
    {
        "" or "ai.onnx" => s_onnx.GetValueOrDefault(node.OpType),
        MicrosoftDomain => s_microsoft.GetValueOrDefault(node.OpType),
        _ => null,
    };
}
