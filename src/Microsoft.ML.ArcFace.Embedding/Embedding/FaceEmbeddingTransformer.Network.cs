using System.Security.Cryptography;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Pixels;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace;

// The part of a saved model's header that tells the network, where it is a graph of others, and the file that it was read from.
public sealed partial class FaceEmbeddingTransformer
{
    private const int LongestText = 1024, Sha256Characters = 64;

    /// <summary>Numbers in all values of a network for one face: those of IResNet-200 have 130 million.</summary>
    private const double MostNumbers = 1 << 28;

    private void WriteNetwork(BinaryWriter header, NetworkDescription network)
    {
        WriteOptional(header, Backbone is null ? NetworkJson.Write(network) : null);
        header.Write(NetworkFile is not null);
        if (NetworkFile is { } file)
        {
            header.Write(file.FileName);
            header.Write(file.Sha256);
            header.Write(StoredPixels.ToJson(file.Pixels.Pixels));
            header.Write((int)file.Pixels.Source);
            header.Write(file.Pixels.Reason);
        }
    }

    /// <summary>Reads the description of a graph; null for a published network.</summary>
    /// <exception cref="FormatException">It was altered.</exception>
    private static NetworkDescription? ReadNetwork(BinaryReader header) => ReadOptional(header) is { } json ? NetworkJson.Read(json) : null;

    private static FaceNetworkFile? ReadNetworkFile(BinaryReader header)
    {
        if (!header.ReadBoolean())
        {
            return null;
        }

        (string name, string sha256, string pixels, var source, string reason) = (header.ReadString(), header.ReadString(), header.ReadString(), (FacePixelsSource)header.ReadInt32(), header.ReadString());
        return name.Length <= LongestText && sha256.Length == Sha256Characters && sha256.All(char.IsAsciiHexDigitLower) && Enum.IsDefined(source) && reason.Length <= LongestText
            ? new FaceNetworkFile(name, sha256, new FacePixelsDecision(StoredPixels.FromJson(pixels), source, reason))
            : throw new FormatException("it does not tell the file that its network was read from");
    }

    /// <summary>Reads the graph that the network was read from, if the model keeps it, and compares it with its hash.</summary>
    private static byte[]? ReadGraph(ModelLoadContext context, ModelHeader header)
    {
        if (header.GraphSha256 is null)
        {
            return null;
        }

        byte[]? graph = null;
        ModelEntry.TryRead(context, GraphEntry, (stream, length) =>
        {
            graph = new byte[length <= OriginalGraph.MostBytes ? length : throw Damaged(FormattableString.Invariant($"its entry {GraphEntry} has {length} bytes, where at most {OriginalGraph.MostBytes} are read; it was altered after saving"))];
            stream.ReadExactly(graph);
        });
        return graph is null ? throw Damaged($"it has no entry {GraphEntry}")
            : Convert.ToHexStringLower(SHA256.HashData(graph)) == header.GraphSha256 ? graph
            : throw Damaged("the graph that it was imported from does not fit its checksum; it was altered after saving");
    }

    /// <summary>Holds a graph to what the rest of the file says, and its tensors to those of the weights, before memory is taken for them.</summary>
    private static NetworkDescription Checked(NetworkDescription network, int embeddingSize, IReadOnlyList<SafetensorsEntry> entries)
    {
        if (network.ShapeOf(network.Input) is not [NetworkDescription.Batch, FaceInput.Channels, FaceInput.Size, FaceInput.Size] || network.ShapeOf(network.Output) is not [NetworkDescription.Batch, var size] || size != embeddingSize)
        {
            throw Damaged($"its network does not make embeddings of {embeddingSize} numbers from faces of {FaceInput.Size}×{FaceInput.Size} pixels; it was altered after saving");
        }

        if (network.Nodes.SelectMany(node => node.Outputs).Sum(value => network.ShapeOf(value).Skip(1).Aggregate(1.0, (count, length) => count * length)) > MostNumbers)
        {
            throw Damaged(FormattableString.Invariant($"its network makes more than {MostNumbers} numbers of one face; it was altered after saving"));
        }

        Dictionary<string, SafetensorsEntry> stored = entries.ToDictionary(entry => entry.Name);
        if (network.Tensors.FirstOrDefault(tensor => !stored.TryGetValue(BackbonePrefix + tensor.Name, out SafetensorsEntry? entry) || entry.Type != tensor.Type || !entry.Shape.SequenceEqual(tensor.Shape)) is { } different)
        {
            throw Damaged($"its network has a tensor '{different.Name}' ({different.Describe()}) that its weights do not have; it was altered after saving");
        }

        return network;
    }
}
