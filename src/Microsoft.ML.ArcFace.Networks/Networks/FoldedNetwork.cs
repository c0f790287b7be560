using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Networks;

/// <summary>
/// A network as it is evaluated: each BatchNorm is folded into the convolution before it or the linear layer beside it, and what
/// only training needs is left out. In evaluation γ(Wx + b − μ)/√(σ² + ε) + β is W′x + b′, computed in float64, row by row, whenever it is read.
/// A norm before a padded convolution stays, because the padding comes after it.
/// </summary>
/// <param name="Network">The description that is left.</param>
/// <param name="Tensors">Its weights by name.</param>
internal sealed record FoldedNetwork(NetworkDescription Network, IReadOnlyDictionary<string, StateTensor> Tensors)
{
    /// <summary>Folds a network.</summary>
    /// <param name="network">As it is trained.</param>
    /// <param name="tensors">Its weights by name; they are read when those of the result are.</param>
    public static FoldedNetwork Of(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors) => new Folding(network, tensors).Run();

    /// <summary>Reads a BatchNorm in evaluation as scale·x + shift, [C] each.</summary>
    public static (double[] Scale, double[] Shift) Affine(NetworkNode norm, IReadOnlyDictionary<string, StateTensor> tensors)
    {
        double epsilon = norm.Attributes.Real("epsilon", 1e-5);
        float[] gamma = Values(1), beta = Values(2), mean = Values(3), variance = Values(4);
        double[] scale = [.. gamma.Select((value, channel) => value / Math.Sqrt(variance[channel] + epsilon))];
        return (scale, [.. beta.Select((value, channel) => value - (mean[channel] * scale[channel]))]);

        float[] Values(int input) => tensors[norm.Inputs[input]].ToSingles();
    }

    private sealed class Folding(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors)
    {
        private const int NormInputs = 5;

        private readonly List<NetworkNode> _nodes = [];
        private readonly Dictionary<string, StateTensor> _tensors = [];

        /// <summary>Values of nodes that are left out, by the values that take their place.</summary>
        private readonly Dictionary<string, string> _replaced = [];
        private readonly Dictionary<NetworkNode, NetworkNode> _normBefore = [];
        private readonly HashSet<NetworkNode> _folded = [];

        public FoldedNetwork Run()
        {
            foreach (NetworkNode node in network.Nodes.Where(node => !_folded.Contains(node)))
            {
                switch (node.Operator)
                {
                    case Operators.Dropout:
                        _replaced[node.Output] = Current(node.Input);
                        break;
                    case Operators.Convolution:
                        AddWithNorm(node, network.OnlyReaderOf(node.Output, Operators.BatchNormalization), normBefore: null);
                        break;
                    case Operators.Linear:
                        AddWithNorm(node, network.OnlyReaderOf(node.Output, Operators.BatchNormalization), _normBefore.GetValueOrDefault(node));
                        break;
                    case Operators.BatchNormalization when LinearBehind(node) is { } linear:
                        _normBefore[linear] = node;
                        _replaced[node.Output] = Current(node.Input);
                        break;
                    case Operators.BatchNormalization:
                        Add(node with { Inputs = [.. node.Inputs.Take(NormInputs)] });
                        break;
                    default:
                        Add(node);
                        break;
                }
            }

            NetworkTensor[] described = [.. _tensors.Select(entry => new NetworkTensor(entry.Key, entry.Value.Shape, TensorKind.FixedWeight))];
            return new FoldedNetwork(new NetworkDescription(network.Name, network.Input, network.ShapeOf(network.Input), _nodes, described, [.. network.Outputs.Select(Current)]), _tensors);
        }

        /// <summary>The linear layer that alone reads a norm's flattened result.</summary>
        private NetworkNode? LinearBehind(NetworkNode norm)
        {
            if (network.OnlyReaderOf(norm.Output, Operators.Flatten) is not { } flatten)
            {
                return null;
            }

            string value = network.OnlyReaderOf(flatten.Output, Operators.Dropout) is { } dropout ? dropout.Output : flatten.Output;
            return network.OnlyReaderOf(value, Operators.Linear);
        }

        /// <summary>Adds a convolution or a linear layer with the norms that it takes in.</summary>
        private void AddWithNorm(NetworkNode node, NetworkNode? normBehind, NetworkNode? normBefore)
        {
            if (normBehind is null && normBefore is null)
            {
                Add(node);
                return;
            }

            StateTensor ownWeight = tensors[node.Inputs[1]];
            StateTensor? ownBias = node.Inputs.Count > 2 ? tensors[node.Inputs[2]] : null;
            string weight = NameFor(node, 1, ".weight"), bias = NameFor(node, 2, ".bias");
            var folded = new FoldedWeights(ownWeight, ownBias, Affine(normBefore), Affine(normBehind));
            _tensors[weight] = new ComputedTensor(ownWeight.Shape, folded.Weight);
            _tensors[bias] = new ComputedTensor([ownWeight.Shape[0]], folded.Bias);
            _nodes.Add(node with { Inputs = [Current(node.Input), weight, bias] });
            if (normBehind is not null)
            {
                _folded.Add(normBehind);
                _replaced[normBehind.Output] = node.Output;
            }

            Lazy<(double[] Scale, double[] Shift)>? Affine(NetworkNode? norm) => norm is null ? null : new(() => FoldedNetwork.Affine(norm, tensors));
        }

        /// <summary>The name of an input's tensor with norms folded in: another than its own where other nodes read that, too.</summary>
        private string NameFor(NetworkNode node, int input, string ending)
        {
            string name = node.Inputs.ElementAtOrDefault(input) is { } own && network.ReadersOf(own).Take(2).Count() == 1 ? own : node.Name + ending;
            while (_tensors.ContainsKey(name) || (name != node.Inputs.ElementAtOrDefault(input) && network.FindTensor(name) is not null))
            {
                name += "_";
            }

            return name;
        }

        private void Add(NetworkNode node)
        {
            _nodes.Add(node with { Inputs = [.. node.Inputs.Select(Current)] });
            foreach (string name in node.Inputs.Where(name => network.FindTensor(name) is not null))
            {
                _tensors[name] = tensors[name];
            }
        }

        private string Current(string value) => _replaced.GetValueOrDefault(value, value);
    }
}
