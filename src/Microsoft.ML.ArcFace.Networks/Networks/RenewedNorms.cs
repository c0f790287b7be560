using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Networks;

/// <summary>
/// Puts BatchNorms behind convolutions that an exporter folded norms into, and takes them into the convolutions again. A renewed norm
/// is known by the names of its tensors, which are those of the convolution's weight with an ending: "conv1.weight.norm.weight",
/// "….norm.bias", "….norm.running_mean" and "….norm.running_var".
/// </summary>
internal static class RenewedNorms
{
    /// <summary>Added to variances.</summary>
    public const double Epsilon = 1e-5;

    private const string Scale = ".norm.weight", Shift = ".norm.bias", Mean = ".norm.running_mean", Variance = ".norm.running_var", Output = ".norm.input";

    /// <summary>Adds a norm behind each convolution that has a bias, trains, and has no norm behind it.</summary>
    /// <param name="network">A network that <see cref="TrainableNetwork"/> made trainable.</param>
    /// <returns>The network with the norms; the same one where there is no place for one.</returns>
    public static NetworkDescription AddTo(NetworkDescription network)
    {
        List<NetworkNode> nodes = [];
        List<NetworkTensor> tensors = [.. network.Tensors];
        foreach (NetworkNode node in network.Nodes)
        {
            if (!IsPlace(network, node))
            {
                nodes.Add(node);
                continue;
            }

            string weight = node.Inputs[1], inner = node.Output + Output;
            long[] channels = [network.ShapeOf(weight)[0]];
            nodes.Add(node with { Outputs = [inner] });
            nodes.Add(new NetworkNode(Operators.BatchNormalization, weight + ".norm", [inner, weight + Scale, weight + Shift, weight + Mean, weight + Variance], [node.Output])
            {
                Attributes = new NodeAttributes(new Dictionary<string, object> { ["epsilon"] = Epsilon }),
                Stage = node.Stage,
            });
            tensors.AddRange(
                new NetworkTensor(weight + Scale, channels, TensorKind.Weight), new NetworkTensor(weight + Shift, channels, TensorKind.Weight),
                new NetworkTensor(weight + Mean, channels, TensorKind.Statistic), new NetworkTensor(weight + Variance, channels, TensorKind.Statistic));
        }

        return nodes.Count == network.Nodes.Count ? network : new NetworkDescription(network.Name, network.Input, network.ShapeOf(network.Input), nodes, tensors, network.Output);
    }

    /// <summary>Whether a node is a norm that was made anew.</summary>
    public static bool IsRenewed(NetworkDescription network, NetworkNode node) =>
        node.Operator == Operators.BatchNormalization && network.ProducerOf(node.Input) is { Operator: Operators.Convolution } convolution
        && convolution.Inputs.Count > 2 && node.Inputs[1] == convolution.Inputs[1] + Scale;

    /// <summary>Takes the norms that were made anew into their convolutions: the nodes and tensors before <see cref="AddTo"/>, with the numbers of after it.</summary>
    /// <param name="network">A network, with renewed norms or without.</param>
    /// <param name="tensors">Its tensors by name; those of the result are computed when they are read.</param>
    public static (NetworkDescription Network, IReadOnlyDictionary<string, StateTensor> Tensors) Fold(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors)
    {
        Dictionary<NetworkNode, NetworkNode> normOf = network.Nodes.Where(node => IsRenewed(network, node)).ToDictionary(node => network.ProducerOf(node.Input)!);
        if (normOf.Count == 0)
        {
            return (network, tensors);
        }

        Dictionary<string, StateTensor> folded = new(tensors);
        List<NetworkNode> nodes = [];
        foreach (NetworkNode node in network.Nodes.Except(normOf.Values))
        {
            if (!normOf.TryGetValue(node, out NetworkNode? norm))
            {
                nodes.Add(node);
                continue;
            }

            (string weight, string bias) = (node.Inputs[1], node.Inputs[2]);
            var product = new FoldedWeights(tensors[weight], tensors[bias], before: null, behind: new(() => FoldedNetwork.Affine(norm, tensors)));
            folded[weight] = new ComputedTensor(tensors[weight].Shape, product.Weight);
            folded[bias] = new ComputedTensor(tensors[bias].Shape, product.Bias);
            nodes.Add(node with { Outputs = norm.Outputs });
            foreach (string name in norm.Inputs.Skip(1))
            {
                folded.Remove(name);
            }
        }

        NetworkTensor[] described = [.. network.Tensors.Where(tensor => folded.ContainsKey(tensor.Name))];
        return (new NetworkDescription(network.Name, network.Input, network.ShapeOf(network.Input), nodes, described, network.Output), folded);
    }

    private static bool IsPlace(NetworkDescription network, NetworkNode node) =>
        node.Operator == Operators.Convolution && node.Inputs.Count > 2 && network.FindTensor(node.Inputs[1])!.Kind == TensorKind.Weight
        && network.ReadersOf(node.Output).All(reader => reader.Operator != Operators.BatchNormalization);
}
