using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// Is the graph that a network was imported from, without the numbers that the network's tensors hold: with these it is written
/// again (<see cref="GraphWriting"/>). It is an ONNX model whose large tensors are empty, and whose metadata tell which tensor of the
/// network stands for which numbers.
/// </summary>
internal sealed class OriginalGraph
{
    /// <summary>The largest that is kept: nodes and names take some hundred kilobytes; a classifier that no embedding needs may take more.</summary>
    public const int MostBytes = 64 << 20;

    /// <summary>The metadata that hold the origins.</summary>
    private const string OriginsKey = "arcface.tensor_origins";

    private OriginalGraph(ReadOnlyMemory<byte> bytes, bool addsMirrorImage) => (Bytes, AddsMirrorImage) = (bytes, addsMirrorImage);

    /// <summary>What a saved model keeps.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Whether the graph adds the embedding of the mirror image.</summary>
    public bool AddsMirrorImage { get; }

    /// <summary>Takes the tensors that a network holds out of a graph, which is empty of them afterwards; null where what is left is too large.</summary>
    /// <param name="model">A graph that was read.</param>
    /// <param name="cost">Its sizes.</param>
    /// <param name="tensors">The tensors of the network.</param>
    /// <param name="origins">Where each tensor comes from, and perhaps further ones.</param>
    /// <param name="addsMirrorImage">Whether the graph adds the embedding of the mirror image.</param>
    public static OriginalGraph? Of(ModelProto model, GraphCost cost, IReadOnlyDictionary<string, StateTensor> tensors, IReadOnlyDictionary<string, TensorOrigin> origins, bool addsMirrorImage)
    {
        TensorOrigin[] kept = [.. tensors.Keys.Select(name => origins[name])];
        HashSet<string> whole = RootsOfOneTensor(model.Graph, cost, kept);
        Dictionary<string, TensorProto> roots = GraphTensors.Of(model.Graph);
        for (int i = 0; i < kept.Length; i++)
        {
            TensorSource source = kept[i].Source;
            bool isOnlyOne = source.Root is { } root && whole.Contains(root);
            bool isLarge = tensors[kept[i].Tensor].Count > GraphValue.MostNumbers && source.Steps.All(step => step.Kind is TensorStepKind.Transpose or TensorStepKind.Scale);
            kept[i] = kept[i] with { IsOnlyOne = isOnlyOne, Unchanged = isOnlyOne && isLarge ? null : Identify(tensors[kept[i].Tensor]) };
            if (kept[i].Unchanged is null)
            {
                GraphTensors.Empty(roots[source.Root!]);
            }
        }

        SetMetadata(model, OriginsKey, TensorOriginsJson.Write(kept, addsMirrorImage));
        byte[] bytes = model.CalculateSize() <= MostBytes ? model.ToByteArray() : [];
        return bytes.Length > 0 ? new OriginalGraph(bytes, addsMirrorImage) : null;
    }

    /// <summary>Reads what a saved model keeps, held to the bounds of a graph's file and to the network that it belongs to.</summary>
    /// <exception cref="WeightsFormatException">It was altered.</exception>
    public static OriginalGraph Read(byte[] bytes, NetworkDescription network)
    {
        (ModelProto model, IReadOnlyList<TensorOrigin> origins, bool addsMirrorImage) = Parse(bytes);
        OriginsCheck.Check(model.Graph, origins, network);
        return new OriginalGraph(bytes, addsMirrorImage);
    }

    /// <summary>Parses the graph and its origins; each call makes a graph of its own.</summary>
    public (ModelProto Model, IReadOnlyList<TensorOrigin> Origins) Parse()
    {
        (ModelProto model, IReadOnlyList<TensorOrigin> origins, _) = Parse(Bytes.ToArray());
        return (model, origins);
    }

    /// <summary>Writes an entry of a model's metadata, in the place of one that it has.</summary>
    public static void SetMetadata(ModelProto model, string key, string value)
    {
        for (int i = model.MetadataProps.Count - 1; i >= 0; i--)
        {
            if (model.MetadataProps[i].Key == key)
            {
                model.MetadataProps.RemoveAt(i);
            }
        }

        model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
    }

    /// <summary>Tells a tensor's numbers from others.</summary>
    public static string Identify(StateTensor tensor)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        tensor.Read(piece => hash.AppendData(piece));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static (ModelProto Model, IReadOnlyList<TensorOrigin> Origins, bool AddsMirrorImage) Parse(byte[] bytes)
    {
        if (bytes.Length > MostBytes)
        {
            throw new WeightsFormatException($"The graph that the model was imported from has {bytes.Length} bytes; at most {MostBytes} are kept. It was altered after saving.");
        }

        ModelProto model = GraphFile.Parse(bytes, mayBeEmptied: true);
        StringStringEntryProto entry = model.MetadataProps.FirstOrDefault(entry => entry.Key == OriginsKey)
            ?? throw new WeightsFormatException("The graph that the model was imported from does not tell where its tensors go. It was altered after saving.");
        (IReadOnlyList<TensorOrigin> origins, bool addsMirrorImage) = TensorOriginsJson.Read(entry.Value);
        model.MetadataProps.Remove(entry);
        return (model, origins, addsMirrorImage);
    }

    /// <summary>Finds the roots of which one tensor of the network comes and nothing else.</summary>
    private static HashSet<string> RootsOfOneTensor(GraphProto graph, GraphCost cost, IReadOnlyList<TensorOrigin> origins)
    {
        ILookup<string, (int Node, int Input)> readers = graph.Node
            .SelectMany((node, index) => node.Input.Select((value, input) => (value, index, input))).ToLookup(reader => reader.value, reader => (reader.index, reader.input));
        HashSet<string> outputs = [.. graph.Output.Select(output => output.Name)];
        return [.. origins.Where(origin => origin.Source.Root is not null).GroupBy(origin => origin.Source.Root!).Where(group => group.Count() == 1 && IsCovered(group.Key, group.Single())).Select(group => group.Key)];

        bool IsCovered(string root, TensorOrigin origin)
        {
            var uses = origin.Uses.Select(use => (use.Node, use.Input)).ToHashSet();
            var values = new Stack<string>([root]);
            while (values.TryPop(out string? value))
            {
                if (outputs.Contains(value))
                {
                    return false;
                }

                foreach ((int node, int input) in readers[value].Where(reader => !uses.Contains(reader)))
                {
                    // Nodes that only arrange the numbers stand between; whatever else depends on them needs the numbers as they are.
                    string made = graph.Node[node].Output[0];
                    if (cost.Values.GetValueOrDefault(made) is not { IsConstant: true })
                    {
                        return false;
                    }

                    values.Push(made);
                }
            }

            return true;
        }
    }
}
