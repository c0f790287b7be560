using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Export;

/// <summary>Adds a described network to an ONNX graph, node by node: its operators and attributes are ONNX's.</summary>
internal static class OnnxNetwork
{
    private static readonly Dictionary<string, string[]> s_inputs = new()
    {
        [Operators.Clip] = ["min", "max"],
        [Operators.Expand] = ["shape"],
        [Operators.Pad] = ["pads", "value"],
        [Operators.ReduceSum] = ["axes"],
        [Operators.Reshape] = ["shape"],
        [Operators.Slice] = ["starts", "ends", "axes", "steps"],
    };

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
            (string[] further, AttributeProto[] attributes) = node.Operator == Operators.Resize ? Resize(graph, network, node, inputs[0]) : InputsOfAttributes(graph, node);
            string[] outputs = graph.Node(node.Operator, [.. inputs, .. further], node.Outputs.Count, attributes);
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
        return graph.Constant(name, values, node.Operator == Operators.ParametricRelu
            ? [values.Length, .. Enumerable.Repeat(1L, folded.Network.ShapeOf(node.Input).Length - 2)]
            : folded.Tensors[name].Shape);
    }

    /// <summary>Writes scales where sizes follow from them, else sizes behind those of the batch.</summary>
    private static (string[] Inputs, AttributeProto[] Attributes) Resize(OnnxGraph graph, NetworkDescription network, NetworkNode node, string value)
    {
        long[] input = network.ShapeOf(node.Input), sizes = node.Attributes.Numbers("sizes");
        double[] scales = node.Attributes.Reals("scales");
        AttributeProto[] attributes = [.. node.Attributes.Values.Where(attribute => attribute.Key is not ("sizes" or "scales")).Select(attribute => OnnxGraph.Attribute(attribute.Key, attribute.Value))];
        if (Enumerable.Range(0, sizes.Length).All(axis => (long)(input[axis + 2] * scales[axis]) == sizes[axis]))
        {
            return (["", graph.Constant($"{node.Output}.scales", [1, 1, .. scales.Select(scale => (float)scale)], 4)], attributes);
        }

        string batch = graph.Node("Slice", [graph.Node("Shape", [value]), graph.Constant($"{node.Output}.starts", 0), graph.Constant($"{node.Output}.ends", 2)]);
        string all = graph.Node("Concat", [batch, graph.Constant($"{node.Output}.sizes", sizes)], OnnxGraph.Number("axis", 0L));
        return (["", "", all], attributes);
    }

    /// <summary>Makes inputs of the attributes that are inputs in <see cref="OnnxGraph.OperatorSet"/>, in their order there.</summary>
    private static (string[] Inputs, AttributeProto[] Attributes) InputsOfAttributes(OnnxGraph graph, NetworkNode node)
    {
        string[] names = s_inputs.GetValueOrDefault(node.Operator, []);
        string[] inputs = [.. names.Select(name => node.Attributes.Values[name] switch
        {
            long[] numbers => graph.Constant($"{node.Output}.{name}", numbers),
            object number => graph.Constant($"{node.Output}.{name}", [(float)(double)number]),
        })];
        return (inputs, [.. node.Attributes.Values.Where(attribute => !names.Contains(attribute.Key)).Select(attribute => OnnxGraph.Attribute(attribute.Key, attribute.Value))]);
    }
}
