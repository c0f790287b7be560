using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Tells embeddings apart by what they compute: the network's weights, and whether the mirror image is added.</summary>
internal static class EmbeddingFingerprint
{
    private const string MirrorImage = "+ mirror image";

    /// <summary>
    /// SHA-256 over name, shape and little-endian bytes of each floating-point tensor, by ordinal name, and over the graph that a runtime
    /// computes; lowercase hex. Counters of batches and class centres do not count: they change no embedding.
    /// </summary>
    /// <param name="tensors">The weights.</param>
    /// <param name="addMirrorImage">Whether the embedding of the mirror image is added.</param>
    /// <param name="graph">What is computed with them, where their names do not tell it; null for a published network.</param>
    public static string Of(IReadOnlyDictionary<string, StateTensor> tensors, bool addMirrorImage, NetworkDescription? graph = null)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, StateTensor tensor) in tensors.Where(entry => ElementConversion.IsReal(entry.Value.Type)).OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} [{string.Join(", ", tensor.Shape)}]\n"));
            tensor.Read(bytes => hash.AppendData(bytes));
        }

        if (graph is not null && RuntimeNetwork.NodeOf(graph) is { } node)
        {
            hash.AppendData(RuntimeNetwork.ComputationOf(tensors[node.Inputs[1]]));
        }

        if (graph is not null)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(NetworkJson.WriteComputation(graph)));
        }

        if (addMirrorImage)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(MirrorImage));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
