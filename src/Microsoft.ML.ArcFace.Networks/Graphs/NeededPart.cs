using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Cuts a description down to what one of its values needs.</summary>
internal static class NeededPart
{
    public static (NetworkDescription Network, IReadOnlyDictionary<string, StateTensor> Tensors) Of(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors, string output)
    {
        HashSet<string> needed = [output];
        List<NetworkNode> nodes = [];
        foreach (NetworkNode node in network.Nodes.Reverse().Where(node => node.Outputs.Any(needed.Contains)))
        {
            nodes.Insert(0, node);
            needed.UnionWith(node.Inputs);
        }

        NetworkTensor[] described = [.. network.Tensors.Where(tensor => needed.Contains(tensor.Name))];
        return (new NetworkDescription(network.Name, network.Input, network.ShapeOf(network.Input), nodes, described, output), described.ToDictionary(tensor => tensor.Name, tensor => tensors[tensor.Name]));
    }
}
