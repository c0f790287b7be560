using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.Runtime;

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

    /// <summary>Reads all rows and hashes their pixels; a row without a photograph counts as one of its own kind.</summary>
    /// <param name="environment">For errors.</param>
    /// <param name="data">The photographs.</param>
    /// <param name="imageColumnName">The column of faces.</param>
    /// <param name="cancellationToken">Is looked at for each row.</param>
    /// <returns>SHA-256 in hexadecimal digits.</returns>
    public static string OfPixels(IHostEnvironment environment, IDataView data, string imageColumnName, CancellationToken cancellationToken)
    {
        DataViewSchema.Column column = FacePixelReader.Column(environment, data.Schema, imageColumnName);
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        FacePixelReader.Getter getFace = FacePixelReader.Create(cursor, column);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] pixels = new byte[FaceTensor.ByteCount];
        while (cursor.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(getFace(pixels) ? pixels : []);
            hash.AppendData([0]);
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    public void Add(ReadOnlySpan<byte> pixels, int label)
    {
        _hash.AppendData(pixels);
        _hash.AppendData(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(ref label)));
    }

    /// <summary>The hash of all that was added, in hexadecimal digits.</summary>
    public string Text() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Dispose() => _hash.Dispose();
}
