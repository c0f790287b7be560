using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Tells embeddings apart by what they compute: the network's weights, and whether the mirror image is added.</summary>
internal static class EmbeddingFingerprint
{
    private const string MirrorImage = "+ mirror image";

    /// <summary>
    /// SHA-256 over name, shape and little-endian bytes of each floating-point tensor, by ordinal name; lowercase hex. Counters
    /// of batches and class centres do not count: they change no embedding.
    /// </summary>
    public static string Of(FaceBackbone backbone, bool addMirrorImage)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, tensor) in ModuleState.Of(backbone).Where(entry => entry.Tensor.is_floating_point()).OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} [{string.Join(", ", tensor.shape)}]\n"));
            TensorBytes.Read(tensor, bytes => hash.AppendData(bytes));
        }

        if (addMirrorImage)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(MirrorImage));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
