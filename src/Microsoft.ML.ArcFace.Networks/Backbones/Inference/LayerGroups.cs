using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>A convolution and the nodes around it that one step computes: PReLU(convolution(norm(input))) + shortcut.</summary>
/// <param name="Convolution">The convolution.</param>
/// <param name="NormBefore">The norm of its input, if any.</param>
/// <param name="Activation">The PReLU of its output, if any.</param>
/// <param name="Shortcut">The value that is added, if any.</param>
/// <param name="Last">The last of these nodes, whose output is that of the group.</param>
internal sealed record LayerGroup(NetworkNode Convolution, NetworkNode? NormBefore, NetworkNode? Activation, string? Shortcut, NetworkNode Last)
{
    public string Output => Last.Output;
}

/// <summary>Finds the nodes of a folded network that one step computes together.</summary>
internal sealed class LayerGroups
{
    private readonly Dictionary<NetworkNode, LayerGroup> _byLast = [];
    private readonly HashSet<NetworkNode> _parts = [];

    /// <summary>Groups all nodes but linear layers.</summary>
    public static LayerGroups Of(NetworkDescription network)
    {
        var groups = new LayerGroups();
        foreach (NetworkNode convolution in network.Nodes.Where(node => node.Operator == Operators.Convolution))
        {
            NetworkNode? before = network.OnlyProducerOf(convolution.Input, Operators.BatchNormalization);
            NetworkNode? activation = network.OnlyReaderOf(convolution.Output, Operators.ParametricRelu);
            NetworkNode last = activation ?? convolution;

            // Of two convolutions whose results are added, the first input takes the other as its shortcut.
            NetworkNode? sum = network.OnlyReaderOf(last.Output, Operators.Add);
            string? shortcut = null;
            if (sum is not null && sum.Inputs[0] != sum.Inputs[1] && !groups._parts.Contains(sum) && IsFirstToAdd(network, sum, last.Output))
            {
                shortcut = sum.Inputs[0] == last.Output ? sum.Inputs[1] : sum.Inputs[0];
                last = sum;
            }

            groups._byLast.Add(last, new LayerGroup(convolution, before, activation, shortcut, last));
            groups._parts.UnionWith(new[] { before, convolution, activation, last }.OfType<NetworkNode>());
        }

        // The map of a linear layer is read as it lies.
        groups._parts.UnionWith(network.Nodes.Where(node => node.Operator == Operators.Flatten && network.OnlyReaderOf(node.Output, Operators.Linear) is not null));
        return groups;
    }

    /// <summary>The group that ends with a node; null if none does.</summary>
    public LayerGroup? EndingWith(NetworkNode node) => _byLast.GetValueOrDefault(node);

    /// <summary>Whether a node is computed together with others, or needs no computing.</summary>
    public bool IsPartOfOne(NetworkNode node) => _parts.Contains(node);

    private static bool IsFirstToAdd(NetworkDescription network, NetworkNode sum, string value) =>
        sum.Inputs[0] == value
        || !(network.OnlyProducerOf(sum.Inputs[0], Operators.Convolution) is not null || network.OnlyProducerOf(sum.Inputs[0], Operators.ParametricRelu) is not null);
}
