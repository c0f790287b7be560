using Google.Protobuf;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// Takes a graph apart into its weights, under the graph's own names, and the rest, which is text beside them in a safetensors file;
/// and puts it together again.
/// </summary>
/// <param name="Tensors">The weights in the graph's own sizes, as float32.</param>
/// <param name="Graph">The graph without them, as base64.</param>
internal sealed record SplitGraph(IReadOnlyList<(string Name, StateTensor Tensor)> Tensors, string Graph)
{
    /// <summary>The metadata that hold <see cref="Graph"/>.</summary>
    public const string MetadataKey = "onnx_graph";

    /// <summary>As much fits the header of a safetensors file, beside the names of its tensors.</summary>
    private const int MostCharacters = 12 << 20;

    /// <summary>Takes a graph apart; null where the rest is too long for a header.</summary>
    /// <param name="original">The graph.</param>
    /// <param name="network">The network that was made of it, and perhaps trained.</param>
    /// <param name="numbers">Its tensors.</param>
    /// <exception cref="WeightsFormatException">The type of a tensor's elements does not hold its numbers.</exception>
    public static SplitGraph? Of(OriginalGraph original, NetworkDescription network, IReadOnlyDictionary<string, StateTensor> numbers)
    {
        (ModelProto model, IReadOnlySet<string> weights) = GraphWriting.Fill(original, numbers, network);
        var tensors = new List<(string, StateTensor)>();
        foreach ((string name, TensorProto tensor) in GraphTensors.Of(model.Graph).Where(entry => weights.Contains(entry.Key) && IsReal(entry.Value)))
        {
            tensors.Add((name, GraphStateTensor.Of(tensor, name)));
            GraphTensors.Empty(tensor);
        }

        string graph = Convert.ToBase64String(model.ToByteArray());
        return graph.Length <= MostCharacters ? new SplitGraph(tensors, graph) : null;
    }

    /// <summary>Puts a graph together from a file with its weights.</summary>
    /// <param name="graph">The graph as base64.</param>
    /// <param name="file">The weights.</param>
    /// <returns>An ONNX model.</returns>
    /// <exception cref="WeightsFormatException">The file was altered, or lacks tensors.</exception>
    public static byte[] Join(string graph, WeightsFile file)
    {
        byte[] bytes = new byte[graph.Length];
        if (!Convert.TryFromBase64String(graph, bytes, out int length))
        {
            throw new WeightsFormatException($"Its metadata '{MetadataKey}' were altered: they are no base64. Export the model again.");
        }

        ModelProto model = GraphFile.Parse(bytes[..length], mayBeEmptied: true);
        Dictionary<string, TensorProto> tensors = GraphTensors.Of(model.Graph).Where(entry => GraphTensors.IsEmptied(entry.Value)).ToDictionary();
        Dictionary<string, StoredTensor> stored = file.Tensors.Where(tensor => tensor.Name != NetworkWeights.ClassCentresName || tensors.ContainsKey(tensor.Name)).ToDictionary(tensor => tensor.Name);
        WeightsMismatch.ThrowIfAny(
            missing: [.. tensors.Keys.Where(name => !stored.ContainsKey(name))],
            surplus: [.. stored.Keys.Where(name => !tensors.ContainsKey(name))],
            ofAnotherKind: [.. stored.Where(entry => tensors.TryGetValue(entry.Key, out TensorProto? tensor) && !(ElementConversion.IsReal(entry.Value.Elements.Type) && tensor.Dims.SequenceEqual(entry.Value.Shape)))
                .Select(entry => $"{entry.Key} ({entry.Value.Describe()}, must be [{string.Join(", ", tensors[entry.Key].Dims)}])")],
            remedy: "The file was altered or is damaged: export the model again.");
        (StoredTensor Stored, PlainTensor<float> Numbers)[] read = [.. stored.Values.Select(tensor => (tensor, PlainTensor.Of(tensor.Shape, new float[PlainTensor.CountOf(tensor.Shape)])))];
        file.CopyInto(read.Select(pair => (pair.Stored, (WritableTensor)pair.Numbers)));
        foreach ((StoredTensor tensor, PlainTensor<float> numbers) in read)
        {
            if (!GraphTensors.TryFill(tensors[tensor.Name], numbers.Values))
            {
                throw new WeightsFormatException($"The tensor '{tensor.Name}' has numbers that {(DataType)tensors[tensor.Name].DataType} does not hold, the type that the graph gives it.");
            }
        }

        return model.ToByteArray();
    }

    private static bool IsReal(TensorProto tensor) => (DataType)tensor.DataType is DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16;
}
