using Google.Protobuf;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// Writes a graph again with other numbers: nodes, names, inputs and outputs are those of the file that it was read from, and so are
/// tensors that did not change. Numbers go back to the tensor that they came from, in its sizes and type of element. Where that is
/// not possible, because others need it as it is, because nodes compute it, or because its type does not hold the numbers, they
/// become a tensor of their own, which the nodes read instead.
/// </summary>
internal sealed class GraphWriting
{
    /// <summary>The first version of the format whose tensors need not be among the inputs.</summary>
    private const int IrWithoutInputs = 4;

    private readonly ModelProto _model;
    private readonly IReadOnlyList<TensorOrigin> _origins;
    private readonly NetworkDescription? _network;
    private readonly IReadOnlyDictionary<string, StateTensor> _numbers;
    private readonly Dictionary<string, TensorProto> _roots;
    private readonly HashSet<string> _names;
    private readonly HashSet<string> _weights;

    private GraphWriting(ModelProto model, IReadOnlyList<TensorOrigin> origins, NetworkDescription? network, IReadOnlyDictionary<string, StateTensor> numbers)
    {
        (_model, _origins, _network, _numbers, _roots) = (model, origins, network, numbers, GraphTensors.Of(model.Graph));
        _weights = [.. origins.Select(origin => origin.Source.Root).OfType<string>()];
        _names = [.. model.Graph.Initializer.Select(tensor => tensor.Name), .. model.Graph.Input.Select(input => input.Name), .. model.Graph.Node.SelectMany(node => node.Output)];
    }

    /// <summary>Writes a file.</summary>
    /// <param name="stream">What is written to.</param>
    /// <param name="original">The graph.</param>
    /// <param name="numbers">The tensors of the network that was made of it, and perhaps trained.</param>
    /// <param name="metadata">What the file is to say of itself besides what it said already.</param>
    /// <param name="network">The network, where nodes may have tensors of their own that shared one before; null: it is as it was read.</param>
    /// <exception cref="WeightsFormatException">The type of a tensor's elements does not hold its numbers; the message names it.</exception>
    public static void Write(Stream stream, OriginalGraph original, IReadOnlyDictionary<string, StateTensor> numbers, IReadOnlyDictionary<string, string> metadata, NetworkDescription? network = null)
    {
        ModelProto model = Fill(original, numbers, network).Model;
        foreach ((string key, string value) in metadata)
        {
            OriginalGraph.SetMetadata(model, key, value);
        }

        model.WriteTo(stream);
    }

    /// <summary>Puts numbers into a graph.</summary>
    /// <returns>The whole graph, and the names under which its nodes read what the network's tensors hold.</returns>
    /// <exception cref="WeightsFormatException">The type of a tensor's elements does not hold its numbers; the message names it.</exception>
    public static (ModelProto Model, IReadOnlySet<string> Weights) Fill(OriginalGraph original, IReadOnlyDictionary<string, StateTensor> numbers, NetworkDescription? network)
    {
        (ModelProto model, IReadOnlyList<TensorOrigin> origins) = original.Parse();
        var writing = new GraphWriting(model, origins, network, numbers);
        foreach (TensorOrigin origin in origins)
        {
            writing.PutBack(origin);
        }

        return (model, writing._weights);
    }

    private void PutBack(TensorOrigin origin)
    {
        // A training gives each node that reads a shared tensor one of its own; those that stayed alike go back as one.
        string[] names = [.. origin.Uses.Select(use => _network is null || use.Value.Length == 0 ? origin.Tensor : use.In(_network)?.Name ?? origin.Tensor)];
        string first = names.Length > 0 ? names[0] : origin.Tensor, identity = OriginalGraph.Identify(_numbers[first]);
        var others = names.Zip(origin.Uses).Where(use => use.First != first && OriginalGraph.Identify(_numbers[use.First]) != identity).GroupBy(use => use.First, use => use.Second).ToArray();
        foreach (IGrouping<string, TensorUse> other in others.Where(other => origin.IsOnlyOne || origin.Unchanged != OriginalGraph.Identify(_numbers[other.Key])))
        {
            Replace(origin with { Tensor = other.Key, Uses = [.. other] });
        }

        TensorOrigin own = origin with { Tensor = first, Uses = [.. origin.Uses.Except(others.SelectMany(other => other))] };
        bool isDone = origin.Unchanged == identity
            || (origin.IsOnlyOne && TensorStepsBack.Undo(this, own, start: 0) is { Widened: null } numbers && GraphTensors.TryFill(_roots[origin.Source.Root!], numbers.Values));
        if (!isDone)
        {
            Replace(own);
        }
    }

    /// <summary>Gives the nodes that read a tensor another one, in the form in which they read it.</summary>
    private void Replace(TensorOrigin origin)
    {
        foreach (IGrouping<int, TensorUse> uses in origin.Uses.GroupBy(use => use.Start))
        {
            Replace(origin, uses.Key, [.. uses]);
        }
    }

    /// <summary>Gives a tensor of its own to those who read the numbers after so many steps.</summary>
    private void Replace(TensorOrigin origin, int start, TensorUse[] uses)
    {
        (float[] values, long[]? widened) = TensorStepsBack.Undo(this, origin, start);
        string name = origin.Tensor;
        for (int number = 2; !_names.Add(name); number++)
        {
            name = FormattableString.Invariant($"{origin.Tensor}_{number}");
        }

        var tensor = new TensorProto { Name = name, DataType = uses[0].Type, Dims = { widened ?? uses[0].Shape } };
        if (!GraphTensors.TryFill(tensor, values))
        {
            throw NotWritten($"The tensor '{origin.Tensor}' has numbers that {(DataType)tensor.DataType} does not hold, the type in which {GraphNode.Describe(_model.Graph.Node[uses[0].Node], uses[0].Node)} reads it");
        }

        _weights.Add(name);
        _model.Graph.Initializer.Add(tensor);
        if (_model.IrVersion < IrWithoutInputs)
        {
            _model.Graph.Input.Add(Declared(tensor));
        }

        foreach (TensorUse use in uses)
        {
            _model.Graph.Node[use.Node].Input[use.Input] = name;
        }
    }

    private static ValueInfoProto Declared(TensorProto tensor) => new()
    {
        Name = tensor.Name,
        Type = new TypeProto
        {
            TensorType = new TypeProto.Types.Tensor { ElemType = tensor.DataType, Shape = new TensorShapeProto { Dim = { tensor.Dims.Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }) } } },
        },
    };

    /// <summary>Gives the numbers of a tensor of the network.</summary>
    public float[] Numbers(string tensor) => _numbers[tensor].ToSingles();

    /// <summary>Gives what the norm that a tensor belongs to multiplies by.</summary>
    public float[] ScaleBeside(TensorOrigin origin, int count)
    {
        TensorOrigin? scale = _origins.FirstOrDefault(other => other.Source.Steps is [.., { Kind: TensorStepKind.NormScale }] && other.Uses.Any(use => origin.Uses.Any(own => own.Node == use.Node)));
        return scale is not null && Numbers(scale.Tensor) is { } numbers && numbers.Length == count ? numbers : throw NotWritten("Of a norm, the factor was not kept");
    }

    /// <summary>Gives the numbers of a norm's statistic, which the network has no tensor for.</summary>
    public float[] Statistic(string root, int count) => _roots.TryGetValue(root, out TensorProto? tensor) && !GraphTensors.IsEmptied(tensor) && GraphStateTensor.Of(tensor, root) is var statistic && statistic.Count == count
        ? statistic.ToSingles()
        : throw NotWritten("Of a norm, the statistics are computed by nodes");

    /// <summary>Says that what was learned does not fit into the graph.</summary>
    public static WeightsFormatException NotWritten(string why) =>
        new($"{why}; what was learned cannot be written into the graph that was imported. Write the network as a graph of this library ({nameof(OnnxExportOptions)}.{nameof(OnnxExportOptions.OriginalGraph)} = false).");
}
