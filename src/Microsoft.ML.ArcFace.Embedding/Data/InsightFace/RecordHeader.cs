using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Microsoft.ML.ArcFace.Data.InsightFace;

/// <summary>
/// What im2rec puts before an image: u32 flag, f32 label, u64 id, u64 second id (24 bytes). A flag over 0 is a number of
/// labels that follow and count in place of the one.
/// </summary>
internal readonly record struct RecordHeader(uint Flag, float Label)
{
    public const int Size = 24;

    /// <summary>Longest list of labels: a detection set has a few dozen.</summary>
    public const int MostLabels = 65_536;

    /// <summary>Bytes of header and labels; the image follows.</summary>
    public int SizeWithLabels => Size + (checked((int)Flag) * sizeof(float));

    public static RecordHeader Read(ReadOnlySpan<byte> record) =>
        new(BinaryPrimitives.ReadUInt32LittleEndian(record), BinaryPrimitives.ReadSingleLittleEndian(record[4..]));

    /// <summary>The labels that stand in the record; one, if the flag is 0.</summary>
    public float[] Labels(ReadOnlySpan<byte> record) => Flag == 0 ? [Label] : MemoryMarshal.Cast<byte, float>(record[Size..SizeWithLabels]).ToArray();

    /// <summary>The one that names the person: the first.</summary>
    public float PersonLabel(ReadOnlySpan<byte> record) => Flag == 0 ? Label : BinaryPrimitives.ReadSingleLittleEndian(record[Size..]);
}
