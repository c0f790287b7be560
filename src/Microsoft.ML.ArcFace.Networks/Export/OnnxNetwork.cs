using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Export;

/// <summary>Adds a described network to an ONNX graph, node by node: its operators and attributes are ONNX's.</summary>
internal static class OnnxNetwork
{
    /// <summary>Adds a folded network.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="folded">The network.</param>
    /// <param name="input">The value of the graph that it reads.</param>
    /// <returns>The value of the graph that it makes.</returns>
    public static string Add(OnnxGraph graph, FoldedNetwork folded, string input)
    {
        NetworkDescription network = folded.Network;
        Dictionary<string, string> names = new() { [network.Input] = input };
        foreach (NetworkNode node in network.Nodes)
        {
            string[] inputs = [.. node.Inputs.Select(name => names.TryGetValue(name, out string? value) ? value : names[name] = Constant(graph, folded, node, name))];
            string[] outputs = graph.Node(node.Operator, inputs, node.Outputs.Count, [.. node.Attributes.Values.Select(Attribute)]);
            foreach ((string name, string output) in node.Outputs.Zip(outputs))
            {
                names.Add(name, output);
            }
        }

        return names[network.Output];
    }

    private static string Constant(OnnxGraph graph, FoldedNetwork folded, NetworkNode node, string name)
    {
        float[] values = folded.Tensors[name].ToSingles();

        // One slope a channel, for all rows and columns.
        return graph.Constant(name, values, node.Operator == Operators.ParametricRelu ? [values.Length, 1, 1] : folded.Tensors[name].Shape);
    }

    private static AttributeProto Attribute(KeyValuePair<string, object> attribute) => attribute.Value switch
    {
        long number => OnnxGraph.Number(attribute.Key, number),
        double number => OnnxGraph.Number(attribute.Key, (float)number),
        long[] numbers => OnnxGraph.Numbers(attribute.Key, numbers),
        _ => throw new NotSupportedException($"The attribute '{attribute.Key}' is of {attribute.Value.GetType()}, which cannot be written."),
    };
}
