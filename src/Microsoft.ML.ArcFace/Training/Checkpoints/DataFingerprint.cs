using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>SHA-256 over the pixels and people of a set, in its order.</summary>
internal sealed class DataFingerprint : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    private DataFingerprint(FaceLabels labels)
    {
        foreach (string name in labels.Names ?? [])
        {
            _hash.AppendData(Encoding.UTF8.GetBytes(name + '\0'));
        }
    }

    /// <summary>One for a set of these people; null where there are no checkpoints to compare it with.</summary>
    public static DataFingerprint? Begin(ArcFaceTrainer.Options options, FaceLabels labels) =>
        options.CheckpointDirectory is null ? null : new DataFingerprint(labels);

    public void Add(ReadOnlySpan<byte> pixels, int label)
    {
        _hash.AppendData(pixels);
        _hash.AppendData(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(ref label)));
    }

    /// <summary>The hash of all that was added, in hexadecimal digits.</summary>
    public string Text() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Dispose() => _hash.Dispose();
}
