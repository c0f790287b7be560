using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Pixels;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace;

// The part of a saved model's header that tells the network, where it is a graph of others, and the file that it was read from.
public sealed partial class FaceEmbeddingTransformer
{
    private const int LongestText = 1024, Sha256Characters = 64;

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

    /// <summary>Holds the tensors that a description asks for to those of the weights, before memory is taken for them.</summary>
    private static void CheckShapes(IReadOnlyList<SafetensorsEntry> entries, NetworkDescription network)
    {
        Dictionary<string, SafetensorsEntry> stored = entries.ToDictionary(entry => entry.Name);
        if (network.Tensors.FirstOrDefault(tensor => !stored.TryGetValue(BackbonePrefix + tensor.Name, out SafetensorsEntry? entry) || entry.Type != tensor.Type || !entry.Shape.SequenceEqual(tensor.Shape)) is { } different)
        {
            throw Damaged($"its network has a tensor '{different.Name}' ({different.Describe()}) that its weights do not have; it was altered after saving");
        }
    }
}
