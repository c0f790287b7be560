using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Networks;

/// <summary>
/// Makes a network of others one that can be trained. Weights of convolutions, linear layers, norms and PReLUs train, constants of
/// arithmetic stay; each of these layers has tensors of its own, also where the file shares equal ones; nodes know their stage.
/// A network that is so already, as the published ones are, remains as it is.
/// </summary>
/// <param name="Network">The description. Further copies of a shared tensor are named behind it, such as "weight_2".</param>
/// <param name="Sources">The tensor of the original network that each tensor is a copy of, by the tensor's name.</param>
internal sealed record TrainableNetwork(NetworkDescription Network, IReadOnlyDictionary<string, string> Sources)
{
    private static readonly HashSet<string> s_trained = [Operators.BatchNormalization, Operators.Convolution, Operators.Linear, Operators.ParametricRelu];

    /// <summary>Makes a network trainable.</summary>
    public static TrainableNetwork Of(NetworkDescription network)
    {
        Dictionary<string, NetworkTensor> tensors = [];
        Dictionary<string, string> sources = [];
        Dictionary<string, int> stages = network.Nodes.Any(node => node.Stage > 0) ? network.Nodes.ToDictionary(node => node.Output, node => node.Stage) : StagesOf(network);
        HashSet<string> originals = [.. network.Tensors.Select(tensor => tensor.Name), .. network.Nodes.SelectMany(node => node.Outputs), network.Input], ofLayers = [];
        NetworkNode[] nodes = [.. network.Nodes.Select(node => node with { Inputs = [.. node.Inputs.Select((name, place) => Own(node, name, place))], Stage = stages[node.Output] })];

        // In the order of the original network, copies behind their originals.
        Dictionary<string, int> order = network.Tensors.Select((tensor, number) => (tensor.Name, number)).ToDictionary();
        NetworkTensor[] described = [.. tensors.Values.OrderBy(tensor => order[sources[tensor.Name]])];
        return new TrainableNetwork(new NetworkDescription(network.Name, network.Input, network.ShapeOf(network.Input), nodes, described, network.Output), sources);

        string Own(NetworkNode node, string name, int place)
        {
            if (network.FindTensor(name) is not { } tensor)
            {
                return name;
            }

            bool isTrained = s_trained.Contains(node.Operator);
            TensorKind kind = !isTrained ? TensorKind.FixedWeight
                : tensor.Kind is TensorKind.FixedWeight or TensorKind.Counter ? tensor.Kind
                : node.Operator == Operators.BatchNormalization && place > 2 ? TensorKind.Statistic : TensorKind.Weight;
            string own = name;
            for (int number = 2; ofLayers.Contains(own) || (isTrained && tensors.ContainsKey(own)); number++)
            {
                own = FormattableString.Invariant($"{name}_{number}");
                while (originals.Contains(own))
                {
                    own += "_";
                }
            }

            if (isTrained)
            {
                ofLayers.Add(own);
            }

            tensors.TryAdd(own, tensor with { Name = own, Kind = kind });
            sources[own] = name;
            return own;
        }
    }

    /// <summary>Gives the tensors of the original network by the names of this one.</summary>
    public IReadOnlyDictionary<string, T> With<T>(IReadOnlyDictionary<string, T> tensors) => Sources.ToDictionary(source => source.Key, source => tensors[source.Value]);

    /// <summary>
    /// The stage of each value: how often its map is half as large as the picture, at most 4; behind the last map, 5. What is computed
    /// of whole maps to change them, as attention to channels is, belongs to the stage of these maps.
    /// </summary>
    private static Dictionary<string, int> StagesOf(NetworkDescription network)
    {
        const int last = 4, head = 5;
        Dictionary<string, int> stages = new() { [network.Input] = 0 };
        HashSet<string> beforeMaps = [];
        foreach (NetworkNode node in network.Nodes.Reverse().Where(node => IsMap(node.Output) || beforeMaps.Contains(node.Output)))
        {
            beforeMaps.UnionWith(node.Inputs);
        }

        long size = network.ShapeOf(network.Input)[^1];
        foreach (NetworkNode node in network.Nodes)
        {
            int stage = node.Inputs.Max(name => stages.GetValueOrDefault(name));
            if (IsMap(node.Output))
            {
                long[] shape = network.ShapeOf(node.Output);
                int halvings = (int)Math.Round(Math.Log2((double)size / Math.Max(shape[2], shape[3])));
                stage = Math.Max(stage, Math.Clamp(halvings, 0, last));
            }
            else if (!beforeMaps.Contains(node.Output))
            {
                stage = head;
            }

            stages[node.Output] = stage;
        }

        return stages;

        bool IsMap(string value) => network.ShapeOf(value) is [_, _, var rows, var columns] && rows > 1 && columns > 1;
    }
}
