using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// Makes nodes of a description of those of a graph, in the one form that <see cref="Operators"/> describes: what follows from
/// constants and sizes is computed, and what only training or a fixed batch needs is left out.
/// </summary>
internal sealed partial class GraphReader
{
    /// <summary>What messages begin with that name a node.</summary>
    public const string NotRead = "The graph cannot be read: ";

    private readonly GraphCost _cost;
    private readonly bool _isOnePicture;
    private readonly Dictionary<string, TensorProto> _initializers;
    private readonly Dictionary<string, GraphOperand> _operands = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal) { FaceInput.Name };
    private readonly Dictionary<string, int> _readers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _lastNumbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long[]> _shapes = new(StringComparer.Ordinal);
    private readonly List<NetworkNode> _nodes = [];
    private readonly Dictionary<string, (StateTensor Tensor, TensorKind Kind)> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorOrigin> _origins = new(StringComparer.Ordinal);
    private readonly HashSet<string> _constants, _outputs;

    private GraphReader(GraphProto graph, GraphCost cost, bool isOnePicture)
    {
        (_cost, _isOnePicture) = (cost, isOnePicture);
        _initializers = graph.Initializer.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        _constants = [.. graph.Node.Where(node => node.OpType == "Constant" && node.Attribute.Any(attribute => attribute.Name == "value")).Select(node => node.Output[0])];
        _outputs = [.. graph.Output.Select(output => output.Name)];
        foreach (string name in graph.Node.SelectMany(node => node.Input).Concat(graph.Output.Select(output => output.Name)))
        {
            _readers[name] = _readers.GetValueOrDefault(name) + 1;
        }
    }

    /// <summary>Whether the embeddings of a face and of its mirror image are added within the graph; the description is of one of them.</summary>
    public bool AddsMirrorImage { get; private set; }

    /// <summary>Reads the part of a graph that makes one of its outputs.</summary>
    /// <param name="model">A graph that <see cref="GraphFile"/> has checked.</param>
    /// <param name="cost">Its sizes for one image.</param>
    /// <param name="input">Its only input.</param>
    /// <param name="isOnePicture">Whether no batch but of one picture is computed: sizes of values need not begin with it then.</param>
    /// <param name="outputs">The outputs.</param>
    /// <exception cref="WeightsFormatException">
    /// A node cannot be described; the message names it and its operator. An <see cref="InvalidDataException"/> is within where it is a
    /// mistake of the file, which no other program should compute either.
    /// </exception>
    public static GraphReading Read(ModelProto model, GraphCost cost, GraphInput input, bool isOnePicture, params IReadOnlyList<string> outputs)
    {
        GraphProto graph = model.Graph;
        var reader = new GraphReader(graph, cost, isOnePicture);
        reader.AddInput(input);
        HashSet<string> needed = [.. outputs];
        HashSet<NodeProto> nodes = [];
        foreach (NodeProto node in graph.Node.Reverse().Where(node => node.Output.Any(needed.Contains)))
        {
            nodes.Add(node);
            needed.UnionWith(node.Input);
        }

        int version = (int)(model.OpsetImport.FirstOrDefault(set => set.Domain is "" or "ai.onnx")?.Version ?? 1);
        for (int i = 0; i < graph.Node.Count; i++)
        {
            if (nodes.Contains(graph.Node[i]) && !graph.Node[i].Output.All(value => value.Length == 0 || cost.Values[value].Numbers is not null))
            {
                reader.ReadNode(graph.Node[i], i, version);
            }
        }

        return reader.Finish(graph.Name.Length > 0 ? graph.Name : "graph", outputs);
    }

    /// <summary>Adds a node, or computes it where it reads nothing but tensors.</summary>
    /// <param name="reading">The node of the graph that it is made for.</param>
    /// <param name="operation">One of <see cref="Operators"/>.</param>
    /// <param name="inputs">What it reads.</param>
    /// <param name="attributes">Its attributes.</param>
    private GraphOperand Emit(NodeReading reading, string operation, IReadOnlyList<GraphOperand> inputs, params (string Name, object Value)[] attributes)
    {
        if (inputs.FirstOrDefault(input => input.Half is not null) is { } half)
        {
            throw reading.Refusal($"it reads one half of a batch ({half}); only their sum is known here");
        }

        var described = new NodeAttributes(attributes.ToDictionary(attribute => attribute.Name, attribute => attribute.Value));
        string name = Unique(reading.Output), layer = reading.Node.Name.Length > 0 && reading.Output == name ? reading.Node.Name : name;
        var node = new NetworkNode(operation, layer, [.. inputs.Select(input => input.Name)], [name]) { Attributes = described };
        if (inputs.All(input => input.Tensor is not null))
        {
            GraphOperand computed = ConstantFolding.Compute(node, inputs) ?? throw reading.Refusal("it is computed from constants, which is not known here for its operator");
            return operation == Operators.Transpose
                ? computed with { Source = inputs[0].Source.Then(new TensorStep(TensorStepKind.Transpose, inputs[0].Shape, Array.ConvertAll(described.Numbers("perm"), axis => (int)axis))) }
                : computed;
        }

        // Tensors get names of their own first, by which their shapes are known beside those of values.
        node = node with { Inputs = [.. inputs.Select((input, place) => input.Tensor is null ? input.Name : Describe(input, operation, name, place))] };
        long[] shape = reading.Explained(() => OperatorShapes.Of(node, value => _shapes[value])[0]);
        _nodes.Add(node);
        _shapes[name] = shape;
        return new GraphOperand(name, [1, .. shape[1..]], Tensor: null) { IsMirrorPair = inputs.Any(input => input.IsMirrorPair), Stated = StatedOf(reading, operation, inputs, shape) };
    }

    /// <summary>The sizes in the graph of what is made of values without the axis of the batch; null where it has that axis.</summary>
    private static long[]? StatedOf(NodeReading reading, string operation, IReadOnlyList<GraphOperand> inputs, long[] shape)
    {
        GraphOperand[] values = [.. inputs.Where(input => input.Tensor is null)];
        if (Array.TrueForAll(values, value => value.Stated is null) || operation is Operators.Flatten or Operators.Reshape)
        {
            return null;
        }

        // What is broadcast is aligned at the last axis, so that one in front changes nothing.
        bool isOfEach = Operators.OfOneValue.Contains(operation)
            || (Operators.OfTwoValues.Contains(operation) && Array.TrueForAll(values, value => value.Stated is { } stated && stated.SequenceEqual(value.Shape[1..])) && inputs.All(input => input.Tensor is null || input.Shape.Length < shape.Length));
        return !isOfEach ? throw reading.Refusal("it reads a value without an axis of pictures, which is not known here for its operator")
            : Operators.OfOneValue.Contains(operation) ? values[0].Stated
            : shape[1..];
    }

    private void AddInput(GraphInput input)
    {
        long[] shape = [NetworkDescription.Batch, FaceInput.Channels, input.Height, input.Width];
        _shapes[FaceInput.Name] = shape;
        GraphOperand operand = new(FaceInput.Name, [1, .. shape[1..]], Tensor: null);
        if (input.IsChannelsLast)
        {
            operand = Emit(new NodeReading(new NodeProto { OpType = Operators.Transpose, Output = { input.Name } }, 0, version: 0, [], this), Operators.Transpose, [operand], ("perm", new long[] { 0, 2, 3, 1 }));
        }

        _operands[input.Name] = operand;
    }

    private void ReadNode(NodeProto node, int index, int version)
    {
        GraphValue?[] values = [.. node.Input.Select(input => input.Length == 0 ? null : _cost.Values[input])];
        var reading = new NodeReading(node, index, version, values, this);
        if (node.Domain is not ("" or "ai.onnx") || !s_rules.TryGetValue(node.OpType, out Func<NodeReading, GraphOperand[]>? rule))
        {
            throw reading.Refusal("networks with this operator are not computed here");
        }

        GraphOperand[] outputs = reading.Explained(() => rule(reading));
        for (int i = 0; i < outputs.Length && i < node.Output.Count; i++)
        {
            CheckSizes(reading, outputs[i], _cost.Values[node.Output[i]]);
            _operands[node.Output[i]] = outputs[i];
        }
    }

    /// <summary>Sizes are known from the graph already; another result would mean another network.</summary>
    private static void CheckSizes(NodeReading reading, GraphOperand result, GraphValue expected)
    {
        long[] shape = result.Tensor is null && expected.Rank > 0 && (result.IsMirrorPair && expected.Shape[0] == 2) ? [1, .. expected.Shape[1..]] : expected.Shape;
        if (!(result.Stated ?? result.Shape).SequenceEqual(shape))
        {
            throw reading.Refusal($"it makes [{string.Join(", ", expected.Shape)}] of a single image, which are no numbers of each image for itself ({result})");
        }
    }

    /// <summary>What a node of the graph reads.</summary>
    private GraphOperand Operand(string name)
    {
        if (_operands.TryGetValue(name, out GraphOperand? known))
        {
            return known;
        }

        GraphValue value = _cost.Values[name];
        StateTensor tensor = _initializers.TryGetValue(name, out TensorProto? initializer) ? GraphStateTensor.Of(initializer, name)
            : value.Numbers is { } numbers ? PlainTensor.Of(value.Shape, Array.ConvertAll(numbers, number => (float)number))
            : throw new WeightsFormatException($"the value '{name}' is not known");
        return _operands[name] = new GraphOperand(name, value.Shape, tensor) { Source = initializer is not null || _constants.Contains(name) ? new TensorSource(name, []) : TensorSource.Computed };
    }

    /// <summary>Puts a tensor among those of the description, under a name that is its own, and gives that name.</summary>
    private string Describe(GraphOperand operand, string operation, string value, int place)
    {
        // Where there is such a name already, also that of a value, it is another tensor's.
        string name = operand.Name;
        while (!(_tensors.TryGetValue(name, out var described) ? described.Tensor == operand.Tensor : _names.Add(name)))
        {
            name = Numbered(operand.Name);
        }

        _shapes[name] = operand.Shape;
        _origins[name] = new TensorOrigin(name, operand.Source, [.. _origins.TryGetValue(name, out TensorOrigin? known) ? known.Uses : [], .. operand.Use is { } use ? [use with { Value = value, Place = place }] : Array.Empty<TensorUse>()]);
        _tensors[name] = (operand.Tensor!, operation == Operators.BatchNormalization && place > 2 ? TensorKind.Statistic : TensorKind.Weight);
        return name;
    }

    /// <summary>A name that no other value of the description has.</summary>
    private string Unique(string name)
    {
        string unique = name;
        while (_initializers.ContainsKey(unique) || !_names.Add(unique))
        {
            unique = Numbered(name);
        }

        return unique;
    }

    /// <summary>A further name; of thousands of one name, none is tried twice.</summary>
    private string Numbered(string name)
    {
        int number = _lastNumbers[name] = _lastNumbers.GetValueOrDefault(name, 1) + 1;
        return FormattableString.Invariant($"{name}_{number}");
    }

    private GraphReading Finish(string name, IReadOnlyList<string> outputs)
    {
        GraphOperand[] results = [.. outputs.Select(ResultOf)];
        NetworkTensor[] tensors = [.. _tensors.Select(tensor => new NetworkTensor(tensor.Key, tensor.Value.Tensor.Shape, tensor.Value.Kind))];
        var network = new NetworkDescription(name, FaceInput.Name, _shapes[FaceInput.Name], _nodes, tensors, [.. results.Select(result => result.Name)]);
        return new GraphReading(network, _tensors.ToDictionary(tensor => tensor.Key, tensor => tensor.Value.Tensor), _origins, AddsMirrorImage);
    }

    /// <summary>Says that an output is the same for all pictures.</summary>
    public static WeightsFormatException NotOfPicture(string output)
    {
        string problem = $"The output '{output}' of the graph does not depend on the picture.";
        return new WeightsFormatException(problem, new InvalidDataException(problem));
    }

    private GraphOperand ResultOf(string output)
    {
        if (Operand(output) is not { Tensor: null } result)
        {
            throw NotOfPicture(output);
        }

        return _isOnePicture || (result.Shape.Length <= 2 && !result.IsMirrorPair && result.Half is null)
            ? result
            : throw new WeightsFormatException($"The output '{output}' of the graph is {result} for a picture; a recognizer gives one row of numbers.");
    }
}

/// <summary>What was read of a graph.</summary>
/// <param name="Network">The description.</param>
/// <param name="Tensors">The numbers of its tensors.</param>
/// <param name="Origins">Where each of them comes from.</param>
/// <param name="AddsMirrorImage">Whether the graph adds the embedding of the mirror image.</param>
internal sealed record GraphReading(NetworkDescription Network, IReadOnlyDictionary<string, StateTensor> Tensors, IReadOnlyDictionary<string, TensorOrigin> Origins, bool AddsMirrorImage);
