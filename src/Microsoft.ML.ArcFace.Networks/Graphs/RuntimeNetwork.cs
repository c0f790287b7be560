using System.Numerics.Tensors;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// A recognizer of others that is not computed here, as a description of one node: it holds the bytes of the graph as its only tensor
/// and is computed by a runtime that the program brings. What stands in front of it (faces of another size, pixels) and behind it is
/// that of every network, and so are saving, the fingerprint and the mirror image.
/// </summary>
internal static class RuntimeNetwork
{
    /// <summary>The name of the tensor.</summary>
    public const string TensorName = "graph";

    /// <summary>Attributes of the node: the value of the graph that is the embedding, its numbers, and whether the graph reads [batch, height, width, 3].</summary>
    private const string Output = "output", Size = "size", IsInterleaved = "channels_last";

    private const string EmbeddingName = "embedding";

    /// <summary>The longest side of a picture, as <see cref="GraphInput"/> has it.</summary>
    private const int LongestSide = 1024;

    /// <summary>Describes a graph, after the runtime has computed one picture with it.</summary>
    /// <param name="model">What <see cref="GraphFile"/> gave; it is taken over.</param>
    /// <param name="cost">Its sizes for one picture.</param>
    /// <param name="input">The picture that it reads.</param>
    /// <param name="embedding">The output that is the embedding.</param>
    /// <param name="reason">Why it is not computed here, as <see cref="GraphReader"/> says it.</param>
    /// <param name="runtime">Computes it; null: the program brings none.</param>
    /// <exception cref="GraphSizesException">The graph does not fit its input.</exception>
    /// <exception cref="WeightsFormatException">There is no runtime, it does not take the graph, or what it makes of a picture is no embedding.</exception>
    public static RuntimeReading Read(ModelProto model, GraphCost cost, GraphInput input, string embedding, string reason, IGraphRuntime? runtime)
    {
        CheckEvaluates(model.Graph, cost, embedding);
        PixelScaling? scaling = ScalingOf(model, cost, input);
        string? raw = BeforeDivision(model.Graph, cost, embedding);
        int size = (int)cost.Values[embedding].Count;
        byte[] bytes = ForOnePicture(model, input).ToByteArray();
        bool isUnitLength;
        try
        {
            using IPictureGraph graph = GraphRuntime.Open(
                runtime, reason, opened => opened.Open(model, raw is null ? [embedding] : [embedding, raw], input.Width, input.Height, input.IsChannelsLast, bytes.Length));
            isUnitLength = Try(graph, input, size);
        }
        catch (GraphRuntimeException error)
        {
            throw new WeightsFormatException($"{reason} ONNX Runtime cannot use it either: {error.Message.TrimEnd('.')}.", error);
        }

        var node = new NetworkNode(Operators.Graph, TensorName, [FaceInput.Name, TensorName], [EmbeddingName])
        {
            Attributes = new NodeAttributes(new Dictionary<string, object> { [Output] = isUnitLength && raw is not null ? raw : embedding, [Size] = (long)size, [IsInterleaved] = input.IsChannelsLast ? 1L : 0L }),
        };
        string name = model.Graph.Name.Length > 0 ? model.Graph.Name : TensorName;
        var network = new NetworkDescription(
            name, FaceInput.Name, [NetworkDescription.Batch, FaceInput.Channels, input.Height, input.Width], [node], [new NetworkTensor(TensorName, [bytes.Length], TensorKind.Bytes)], EmbeddingName);
        return new RuntimeReading(network, PlainTensor<byte>.Of(ElementType.UInt8, [bytes.Length], bytes), scaling, isUnitLength);
    }

    /// <summary>The node that a runtime computes; null: a network has none.</summary>
    public static NetworkNode? NodeOf(NetworkDescription network) => network.Nodes.FirstOrDefault(node => node.Operator == Operators.Graph);

    /// <summary>The shape of the embedding.</summary>
    /// <exception cref="WeightsFormatException">What the node reads or says does not fit; the message names it.</exception>
    public static long[] ShapeOf(NetworkNode node, Func<string, long[]> shapeOf) =>
        node.Inputs.Count == 2 && node.Outputs.Count == 1
        && shapeOf(node.Input) is [NetworkDescription.Batch, FaceInput.Channels, > 0 and <= LongestSide, > 0 and <= LongestSide] && shapeOf(node.Inputs[1]) is [> 0 and <= GraphNetwork.MostBytes]
        && node.Attributes.Number(Size, 0) is >= BackboneDescription.SmallestEmbeddingSize and <= BackboneDescription.LargestEmbeddingSize and var size && node.Attributes.Text(Output, "").Length > 0
            ? [NetworkDescription.Batch, size]
            : throw new WeightsFormatException($"{node} is no graph of a recognizer: it reads a picture and the graph's bytes, and gives {BackboneDescription.SmallestEmbeddingSize} to {BackboneDescription.LargestEmbeddingSize} numbers.");

    /// <summary>Has a runtime open the graph of a node, within the bounds of a graph's file.</summary>
    /// <param name="node">The node.</param>
    /// <param name="bytes">The graph.</param>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <param name="size">Numbers of the embedding.</param>
    /// <param name="runtime">Computes it; null: the program brings none.</param>
    /// <exception cref="WeightsFormatException">There is no runtime, or the graph was altered.</exception>
    public static IPictureGraph Open(NetworkNode node, StateTensor bytes, int width, int height, int size, IGraphRuntime? runtime)
    {
        string reason = "";
        try
        {
            (ModelProto model, GraphInput input, GraphCost cost) = Parse(node, bytes);
            string output = node.Attributes.Text(Output, "");
            if (input.Width != width || input.Height != height || input.IsChannelsLast != (node.Attributes.Number(IsInterleaved, 0) == 1) || cost.Values.GetValueOrDefault(output)?.Shape is not [1, var numbers] || numbers != size)
            {
                throw new WeightsFormatException($"The graph gives no '{output}' of {size} numbers for a picture of {width}×{height} pixels.");
            }

            // What is said of a runtime that is absent costs time, for which nobody waits who has it.
            reason = runtime is null ? ReasonOf(model, input, cost, output) : "The graph is not computed here.";
            return GraphRuntime.Open(runtime, reason, opened => opened.Open(model, [output], width, height, input.IsChannelsLast, bytes.Count));
        }
        catch (GraphSizesException error)
        {
            throw new WeightsFormatException(error.Message, error);
        }
        catch (GraphRuntimeException error)
        {
            throw new WeightsFormatException($"ONNX Runtime cannot use the recognizer's graph: {error.Message.TrimEnd('.')}.", error);
        }
    }

    /// <summary>Says why the graph of a node is not computed here, with operator and node.</summary>
    public static string ReasonOf(NetworkNode node, StateTensor bytes)
    {
        try
        {
            (ModelProto model, GraphInput input, GraphCost cost) = Parse(node, bytes);
            return ReasonOf(model, input, cost, node.Attributes.Text(Output, ""));
        }
        catch (Exception error) when (error is WeightsFormatException or GraphSizesException)
        {
            return error.Message;
        }
    }

    /// <summary>Says why a description that was read cannot be computed here, though another program may; null: it can.</summary>
    public static string? NotComputed(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors)
    {
        try
        {
            _ = new InferenceNetworkBuilder(FoldedNetwork.Of(network, tensors), StepFactory.For(VectorWidths.Best, bfloat16: null), useBFloat16: false);
            return null;
        }
        catch (Exception error) when (error is NotSupportedException or WeightsFormatException { InnerException: NotSupportedException })
        {
            return error.Message;
        }
        catch (WeightsFormatException)
        {
            // It would take too much, which is said when it is made.
            return null;
        }
    }

    /// <summary>Writes the graph as it was imported, with further metadata.</summary>
    public static void Write(Stream stream, StateTensor bytes, IReadOnlyDictionary<string, string> metadata)
    {
        ModelProto model = GraphFile.Parse(BytesOf(bytes));
        foreach ((string key, string value) in metadata)
        {
            OriginalGraph.SetMetadata(model, key, value);
        }

        model.WriteTo(stream);
    }

    /// <summary>What the graph computes, without what only describes it, by which a fingerprint knows it.</summary>
    public static byte[] ComputationOf(StateTensor bytes)
    {
        ModelProto model = GraphFile.Parse(BytesOf(bytes));
        model.MetadataProps.Clear();
        (model.ProducerName, model.ProducerVersion, model.DocString, model.Graph.DocString) = ("", "", "", "");
        return model.ToByteArray();
    }

    private static string ReasonOf(ModelProto model, GraphInput input, GraphCost cost, string output)
    {
        try
        {
            GraphReading reading = GraphReader.Read(model, cost, input, isOnePicture: false, output);
            return NotComputed(reading.Network, reading.Tensors) ?? "An earlier version did not compute the graph: import it again.";
        }
        catch (WeightsFormatException error)
        {
            return error.Message;
        }
    }

    private static (ModelProto Model, GraphInput Input, GraphCost Cost) Parse(NetworkNode node, StateTensor bytes)
    {
        if (bytes.Type != ElementType.UInt8)
        {
            throw new WeightsFormatException($"{node} has no graph: its tensor '{node.Inputs[1]}' is {bytes.Describe()}.");
        }

        ModelProto model = GraphFile.Parse(BytesOf(bytes));
        GraphInput input = GraphInput.Of(model.Graph);
        return (model, input, CostOf(model, input, bytes.Count));
    }

    private static GraphCost CostOf(ModelProto model, GraphInput input, long bytes)
    {
        GraphLimits limits = GraphLimits.For(input.Width * input.Height);
        return GraphCost.Of(model.Graph, _ => input.Sizes, limits with { Bytes = limits.Bytes + (2 * bytes) });
    }

    private static byte[] BytesOf(StateTensor tensor)
    {
        byte[] bytes = new byte[tensor.Count];
        int begin = 0;
        tensor.Read(piece =>
        {
            piece.CopyTo(bytes.AsSpan(begin));
            begin += piece.Length;
        });
        return bytes;
    }

    /// <summary>Refuses what <see cref="GraphReader"/> would if it came so far: an embedding that is by chance, of a batch, or none.</summary>
    private static void CheckEvaluates(GraphProto graph, GraphCost cost, string embedding)
    {
        if (cost.Values[embedding].IsConstant)
        {
            throw GraphReader.NotOfPicture(embedding);
        }

        for (int i = 0; i < graph.Node.Count; i++)
        {
            NodeProto node = graph.Node[i];
            string? problem = node.OpType switch
            {
                "Dropout" when node.Input.Count > 2 && node.Input[2].Length > 0 && cost.Values[node.Input[2]].Numbers is not [0] => "it drops numbers as in training; export the network for evaluation",
                "BatchNormalization" when node.Attribute.Any(attribute => attribute is { Name: "training_mode", I: not 0 }) => "it takes statistics of the batch as in training; export the network for evaluation",
                "Softmax" or "LogSoftmax" when node.Output.Contains(embedding) => "it makes probabilities of classes, where an embedding is due; export the network without its classifier",
                _ => null,
            };
            if (problem is not null)
            {
                throw new WeightsFormatException($"{GraphReader.NotRead}in {GraphNode.Describe(node, i)}, {problem}.");
            }
        }
    }

    /// <summary>What the graph does with pixels before its first convolution, of which all is known here; null where it does nothing, or there is none.</summary>
    private static PixelScaling? ScalingOf(ModelProto model, GraphCost cost, GraphInput input)
    {
        if (model.Graph.Node.FirstOrDefault(node => node.OpType == Operators.Convolution) is not { } convolution)
        {
            return null;
        }

        try
        {
            GraphReading beginning = GraphReader.Read(model, cost, input, isOnePicture: true, convolution.Output[0]);
            return PixelScaling.Of(beginning.Network, beginning.Tensors);
        }
        catch (WeightsFormatException)
        {
            return null;
        }
    }

    /// <summary>What may be the embedding before it was divided by its length: what the last node that computes it reads, and is as large; null: nothing.</summary>
    private static string? BeforeDivision(GraphProto graph, GraphCost cost, string embedding)
    {
        string[] sameNumbers = ["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast"];
        NodeProto? node = Producer(embedding);
        while (node is not null && sameNumbers.Contains(node.OpType))
        {
            node = Producer(node.Input[0]);
        }

        return node?.OpType is "Div" or "Mul" or "LpNormalization"
            ? node.Input.FirstOrDefault(value => cost.Values.GetValueOrDefault(value) is { IsConstant: false } found && found.Shape.SequenceEqual(cost.Values[embedding].Shape))
            : null;

        NodeProto? Producer(string value) => graph.Node.FirstOrDefault(made => made.Output.Contains(value));
    }

    /// <summary>
    /// Computes a picture: the embedding must be numbers. Tells whether it has a length of 1, though what the last node reads, which
    /// points in the same direction, has another.
    /// </summary>
    private static bool Try(IPictureGraph graph, GraphInput input, int size)
    {
        const double tolerance = 1e-3, smallestCosine = 0.99999;
        var random = new Random(1);
        float[][] values = graph.Run([.. Enumerable.Range(0, FaceInput.Channels * input.Width * input.Height).Select(_ => 0.1f + (0.9f * random.NextSingle()))], input.Width, input.Height);
        if (values[0].Length != size || !Array.TrueForAll(values[0], float.IsFinite) || Array.TrueForAll(values[0], number => number == 0))
        {
            throw new WeightsFormatException($"The graph gives {values[0].Length} numbers for a picture of noise, all of which are 0 or some of which are not finite, where an embedding of {size} is due.");
        }

        return values.Length > 1 && Math.Abs(TensorPrimitives.Norm<float>(values[0]) - 1) < tolerance && TensorPrimitives.CosineSimilarity<float>(values[0], values[1]) > smallestCosine;
    }

    /// <summary>The graph for one picture, whatever batch it states.</summary>
    private static ModelProto ForOnePicture(ModelProto model, GraphInput input)
    {
        foreach (ValueInfoProto picture in model.Graph.Input.Where(value => value.Name == input.Name && value.Type.TensorType.Shape.Dim[0].DimValue > 1))
        {
            picture.Type.TensorType.Shape.Dim[0].DimValue = 1;
        }

        return model;
    }
}

/// <summary>A graph that a runtime computes, and what was found out about it.</summary>
/// <param name="Network">Its description.</param>
/// <param name="Bytes">The only tensor of the description.</param>
/// <param name="Scaling">What the graph does with pixels before anything else; null: nothing that is known.</param>
/// <param name="IsUnitLength">Whether the graph divides the embedding by its length. The description gives it as long as it is.</param>
internal sealed record RuntimeReading(NetworkDescription Network, StateTensor Bytes, PixelScaling? Scaling, bool IsUnitLength);
