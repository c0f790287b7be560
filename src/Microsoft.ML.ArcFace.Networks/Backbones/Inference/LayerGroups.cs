using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>A convolution and the nodes around it that one step computes: activation(convolution(norm(input))) + shortcut.</summary>
/// <param name="Convolution">The convolution.</param>
/// <param name="NormBefore">The norm of its input, if any.</param>
/// <param name="Activation">What its output goes through, if anything, see <see cref="LayerActivation.Is"/>.</param>
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

    /// <summary>Groups convolutions with what is around them.</summary>
    public static LayerGroups Of(NetworkDescription network)
    {
        var groups = new LayerGroups();
        foreach (NetworkNode convolution in network.Nodes.Where(node => node.Operator == Operators.Convolution))
        {
            // A step in groups reads its input as it is.
            NetworkNode? before = convolution.Attributes.Number("group", 1) == 1 ? network.OnlyProducerOf(convolution.Input, Operators.BatchNormalization) : null;
            NetworkNode? activation = ActivationOf(network, convolution.Output);
            NetworkNode last = activation ?? convolution;

            // Of two convolutions whose results are added, the first input takes the other as its shortcut.
            NetworkNode? sum = network.OnlyReaderOf(last.Output, Operators.Add);
            string? shortcut = null;
            if (sum is not null && sum.Inputs[0] != sum.Inputs[1] && !groups._parts.Contains(sum) && IsFirstToAdd(network, sum, last.Output)
                && sum.Inputs.All(value => network.FindTensor(value) is null && network.ShapeOf(value).SequenceEqual(network.ShapeOf(sum.Output))))
            {
                shortcut = sum.Inputs[0] == last.Output ? sum.Inputs[1] : sum.Inputs[0];
                last = sum;
            }

            groups._byLast.Add(last, new LayerGroup(convolution, before, activation, shortcut, last));
            groups._parts.UnionWith(new[] { before, convolution, activation, last }.OfType<NetworkNode>());
        }

        return groups;
    }

    /// <summary>The group that ends with a node; null if none does.</summary>
    public LayerGroup? EndingWith(NetworkNode node) => _byLast.GetValueOrDefault(node);

    /// <summary>Whether a node is computed together with others.</summary>
    public bool IsPartOfOne(NetworkNode node) => _parts.Contains(node);

    private static NetworkNode? ActivationOf(NetworkDescription network, string value) => !network.IsOutput(value) && network.ReadersOf(value).Take(2).ToArray() is [var reader] && LayerActivation.Is(reader) ? reader : null;

    private static bool IsFirstToAdd(NetworkDescription network, NetworkNode sum, string value) => sum.Inputs[0] == value || !IsOfConvolution(network, sum.Inputs[0]);

    /// <summary>Whether a sum alone reads a value that a convolution makes, perhaps with an activation.</summary>
    private static bool IsOfConvolution(NetworkDescription network, string value) =>
        network.OnlyProducerOf(value, Operators.Convolution) is not null
        || (network.ProducerOf(value) is { } activation && LayerActivation.Is(activation) && network.OnlyProducerOf(value, activation.Operator) is not null && network.OnlyProducerOf(activation.Input, Operators.Convolution) is not null);
}
