namespace Microsoft.ML.ArcFace.Networks;

/// <summary>
/// A network as data: nodes over tensors by name. It is computed (<see cref="Backbones.Inference.InferenceNetwork"/>), trained
/// (by an assembly with libtorch), written (<see cref="Export.OnnxExport"/>) and compared with the weights of a file
/// (<see cref="Backbones.NetworkWeights"/>). The numbers of its tensors are kept apart from it.
/// </summary>
internal sealed class NetworkDescription
{
    /// <summary>Stands for the number of images in the shape of a value.</summary>
    public const long Batch = -1;

    private readonly Dictionary<string, NetworkTensor> _tensors;
    private readonly Dictionary<string, long[]> _shapes;
    private readonly ILookup<string, NetworkNode> _readers;
    private readonly Dictionary<string, NetworkNode> _producers;

    /// <summary>Checks that every node reads only what stands before it, and finds the shapes of all values.</summary>
    /// <param name="name">The name of the architecture.</param>
    /// <param name="input">The name of the value that the first nodes read.</param>
    /// <param name="inputShape">Its shape, such as [<see cref="Batch"/>, 3, 112, 112].</param>
    /// <param name="nodes">The nodes; each stands behind those whose values it reads.</param>
    /// <param name="tensors">The state in its published order.</param>
    /// <param name="outputs">The names of the values that are the results: of a recognizer its embedding, of a detector several.</param>
    /// <exception cref="ArgumentException">A node reads what there is not, or makes what there is already; the message names it.</exception>
    /// <exception cref="WeightsFormatException">A node has an operator that is not known, or what it reads does not fit it; the message names it.</exception>
    public NetworkDescription(string name, string input, long[] inputShape, IReadOnlyList<NetworkNode> nodes, IReadOnlyList<NetworkTensor> tensors, params IReadOnlyList<string> outputs)
    {
        (Name, Input, Nodes, Tensors, Outputs) = (name, input, nodes, tensors, outputs);
        _tensors = tensors.ToDictionary(tensor => tensor.Name);
        _shapes = new Dictionary<string, long[]> { [input] = inputShape };
        _producers = [];
        foreach (NetworkNode node in nodes)
        {
            if (node.Inputs.FirstOrDefault(value => !_shapes.ContainsKey(value) && !_tensors.ContainsKey(value)) is { } unknown)
            {
                throw new ArgumentException($"{node} reads '{unknown}', which is neither a tensor nor made by a node before it.", nameof(nodes));
            }

            foreach ((string value, long[] shape) in node.Outputs.Zip(OperatorShapes.Of(node, ShapeOf)))
            {
                if (!_producers.TryAdd(value, node) || !_shapes.TryAdd(value, shape))
                {
                    throw new ArgumentException($"{node} makes '{value}', which there is already.", nameof(nodes));
                }
            }
        }

        if (outputs.FirstOrDefault(value => !_shapes.ContainsKey(value)) is { } missing)
        {
            throw new ArgumentException($"No node of the network '{name}' makes its output '{missing}'.", nameof(outputs));
        }

        _readers = nodes.SelectMany(node => node.Inputs.Distinct(), (node, value) => (node, value)).ToLookup(entry => entry.value, entry => entry.node);
    }

    /// <summary>The name of the architecture, such as "r50".</summary>
    public string Name { get; }

    public string Input { get; }

    /// <summary>The names of the results.</summary>
    public IReadOnlyList<string> Outputs { get; }

    /// <summary>The name of the only result.</summary>
    public string Output => Outputs.Count == 1 ? Outputs[0] : throw new InvalidOperationException($"The network '{Name}' has {Outputs.Count} outputs.");

    public IReadOnlyList<NetworkNode> Nodes { get; }

    /// <summary>The state in its published order.</summary>
    public IReadOnlyList<NetworkTensor> Tensors { get; }

    /// <summary>Numbers of the result for one image.</summary>
    public int OutputSize => (int)ShapeOf(Output)[^1];

    /// <summary>The shape of a value or tensor; values begin with <see cref="Batch"/>, and maps have channels, height and width then.</summary>
    public long[] ShapeOf(string name) => _shapes.TryGetValue(name, out long[]? shape) ? shape : _tensors[name].Shape;

    /// <summary>The tensor of a name; null if the name is that of a value.</summary>
    public NetworkTensor? FindTensor(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>Whether a value is one of the results.</summary>
    public bool IsOutput(string value) => Outputs.Contains(value);

    /// <summary>The nodes that read a value or tensor.</summary>
    public IEnumerable<NetworkNode> ReadersOf(string name) => _readers[name];

    /// <summary>The node that alone reads a value, if it is of this operator; null otherwise, and for outputs of the network.</summary>
    public NetworkNode? OnlyReaderOf(string value, string operation) =>
        !IsOutput(value) && _readers[value].Take(2).ToArray() is [var reader] && reader.Operator == operation ? reader : null;

    /// <summary>The node that makes a value; null for the input.</summary>
    public NetworkNode? ProducerOf(string value) => _producers.GetValueOrDefault(value);

    /// <summary>The node that makes a value for one reader alone, if it is of this operator; null otherwise.</summary>
    public NetworkNode? OnlyProducerOf(string value, string operation) =>
        ProducerOf(value) is { } node && node.Operator == operation && !IsOutput(value) && _readers[value].Take(2).Count() == 1 ? node : null;
}
