namespace Microsoft.ML.ArcFace.Networks;

/// <summary>
/// Puts a description together, node by node. A value bears the name of the node that makes it; the tensors of a layer stand in
/// the published order, behind the layer's name.
/// </summary>
internal sealed class NetworkBuilder
{
    private readonly string _name;
    private readonly string _input;
    private readonly long[] _inputShape;
    private readonly List<NetworkNode> _nodes = [];
    private readonly List<NetworkTensor> _tensors = [];
    private readonly Dictionary<string, long[]> _shapes = [];

    public NetworkBuilder(string name, string input, params long[] inputSizes)
    {
        (_name, _input, _inputShape) = (name, input, [NetworkDescription.Batch, .. inputSizes]);
        _shapes.Add(input, _inputShape);
    }

    /// <summary>The stage of the nodes that follow, see <see cref="NetworkNode.Stage"/>.</summary>
    public int Stage { get; set; }

    /// <summary>Channels of a value.</summary>
    public long Channels(string value) => _shapes[value][1];

    /// <summary>A square convolution without bias.</summary>
    public string Convolution(string value, string name, long outputs, WeightInitialization initialization, long kernel, long stride = 1, long padding = 0, long groups = 1)
    {
        string weight = Tensor(name + ".weight", TensorKind.Weight, initialization, outputs, Channels(value) / groups, kernel, kernel);
        return Add(Operators.Convolution, name, [value, weight], new Dictionary<string, object>
        {
            ["kernel_shape"] = new[] { kernel, kernel },
            ["strides"] = new[] { stride, stride },
            ["pads"] = new[] { padding, padding, padding, padding },
            ["dilations"] = new[] { 1L, 1L },
            ["group"] = groups,
        });
    }

    public string BatchNormalization(string value, string name, bool isScaleFixed = false, bool isShiftFixed = false)
    {
        const double epsilon = 1e-5;
        long channels = Channels(value);
        return Add(
            Operators.BatchNormalization,
            name,
            [
                value,
                Tensor(name + ".weight", isScaleFixed ? TensorKind.FixedWeight : TensorKind.Weight, null, channels),
                Tensor(name + ".bias", isShiftFixed ? TensorKind.FixedWeight : TensorKind.Weight, null, channels),
                Tensor(name + ".running_mean", TensorKind.Statistic, null, channels),
                Tensor(name + ".running_var", TensorKind.Statistic, null, channels),
                Tensor(name + ".num_batches_tracked", TensorKind.Counter, null),
            ],
            new Dictionary<string, object> { ["epsilon"] = epsilon });
    }

    public string ParametricRelu(string value, string name) =>
        Add(Operators.ParametricRelu, name, [value, Tensor(name + ".weight", TensorKind.Weight, null, Channels(value))]);

    /// <summary>An operator of one number each, without attributes.</summary>
    public string Function(string operation, string value, string name) => Add(operation, name, [value]);

    /// <summary>The average of each map: [batch, C, H, W] → [batch, C, 1, 1].</summary>
    public string GlobalAveragePool(string value, string name) => Add(Operators.GlobalAveragePool, name, [value]);

    /// <summary>Greatest numbers of square windows, without padding.</summary>
    public string MaxPool(string value, string name, long kernel, long stride) => Add(Operators.MaxPool, name, [value], new Dictionary<string, object>
    {
        ["kernel_shape"] = new[] { kernel, kernel },
        ["strides"] = new[] { stride, stride },
        ["pads"] = new long[4],
        ["dilations"] = new[] { 1L, 1L },
        ["ceil_mode"] = 0L,
    });

    /// <summary>The product of a map and one number for each of its channels, [batch, C, 1, 1].</summary>
    public string Product(string value, string factors, string name) => Add(Operators.Multiply, name, [value, factors]);

    /// <summary>The sum of a value, which may be overwritten, and another of its shape.</summary>
    public string Sum(string value, string other, string name) => Add(Operators.Add, name, [value, other]);

    /// <summary>Makes a row of each feature map, in the order of channels, rows and columns, and drops a share of it in training.</summary>
    public string HeadInput(string value, string name, double dropout)
    {
        string flat = Add(Operators.Flatten, name + "flat", [value], new Dictionary<string, object> { ["axis"] = 1L });
        return dropout == 0 ? flat : Add(Operators.Dropout, name + "dropout", [flat], new Dictionary<string, object> { ["ratio"] = dropout });
    }

    public string Linear(string value, string name, long outputs, bool hasBias, WeightInitialization? initialization)
    {
        string weight = Tensor(name + ".weight", TensorKind.Weight, initialization, outputs, _shapes[value][1]);
        return Add(
            Operators.Linear,
            name,
            hasBias ? [value, weight, Tensor(name + ".bias", TensorKind.Weight, null, outputs)] : [value, weight],
            new Dictionary<string, object> { ["transB"] = 1L });
    }

    public NetworkDescription Build(string output) => new(_name, _input, _inputShape, _nodes, _tensors, output);

    private string Tensor(string name, TensorKind kind, WeightInitialization? initialization, params long[] shape)
    {
        _tensors.Add(new NetworkTensor(name, shape, kind) { Initialization = initialization });
        _shapes.Add(name, shape);
        return name;
    }

    private string Add(string operation, string name, IReadOnlyList<string> inputs, Dictionary<string, object>? attributes = null)
    {
        var node = new NetworkNode(operation, name, inputs, [name]) { Attributes = attributes is null ? NodeAttributes.None : new NodeAttributes(attributes), Stage = Stage };
        _nodes.Add(node);
        _shapes.Add(name, OperatorShapes.Of(node, value => _shapes[value])[0]);
        return name;
    }
}
