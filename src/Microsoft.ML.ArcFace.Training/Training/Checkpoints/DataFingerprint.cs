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
    public static DataFingerprint? Begin(TrainingSetup setup, FaceLabels labels) =>
        setup.CheckpointDirectory is null ? null : new DataFingerprint(labels);

    /// <summary>Reads all rows of a set; those that cannot be trained on count as of a kind of their own.</summary>
    /// <param name="environment">For errors.</param>
    /// <param name="data">The photographs.</param>
    /// <param name="imageColumnName">The column of faces.</param>
    /// <param name="labelColumnName">The column of people.</param>
    /// <param name="cancellationToken">Is looked at for each row.</param>
    /// <returns>SHA-256 in hexadecimal digits: that of a run on this set, if all rows can be trained on.</returns>
    public static string Of(IHostEnvironment environment, IDataView data, string imageColumnName, string labelColumnName, CancellationToken cancellationToken)
    {
        DataViewSchema.Column imageColumn = FacePixelReader.Column(environment, data.Schema, imageColumnName);
        DataViewSchema.Column labelColumn = FaceLabels.Column(environment, data.Schema, labelColumnName);
        FaceLabels labels = FaceLabels.Read(data, labelColumn);
        using var fingerprint = new DataFingerprint(labels);
        using DataViewRowCursor cursor = data.GetRowCursor([imageColumn, labelColumn]);
        FacePixelReader.Getter getFace = FacePixelReader.Create(cursor, imageColumn);
        Func<int> getLabel = labels.CreateGetter(cursor, labelColumn);
        byte[] pixels = new byte[FaceTensor.ByteCount];
        while (cursor.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            fingerprint.Add(getFace(pixels) ? pixels : [], getLabel());
        }

        return fingerprint.Text();
    }

    /// <summary>Adds a row: its pixels, none where it has no photograph, and its class.</summary>
    public void Add(ReadOnlySpan<byte> pixels, int label)
    {
        _hash.AppendData(pixels);
        _hash.AppendData(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(ref label)));
    }

    /// <summary>The hash of all that was added, in hexadecimal digits.</summary>
    public string Text() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Dispose() => _hash.Dispose();
}
