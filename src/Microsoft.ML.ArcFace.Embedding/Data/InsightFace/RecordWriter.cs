using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Microsoft.ML.ArcFace.Data.InsightFace;

/// <summary>Writes records with their .idx. A record is split where it holds the magic at a multiple of 4 bytes, as MXNet does it.</summary>
internal sealed class RecordWriter(Stream records, Stream index)
{
    private long _offset;

    public void Write(long key, ReadOnlySpan<float> labels, float label, ReadOnlySpan<byte> image)
    {
        byte[] record = new byte[RecordHeader.Size + (labels.Length * sizeof(float)) + image.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)labels.Length);
        BinaryPrimitives.WriteSingleLittleEndian(record.AsSpan(4), label);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(8), (ulong)key);
        for (int i = 0; i < labels.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(record.AsSpan(RecordHeader.Size + (i * sizeof(float))), labels[i]);
        }

        image.CopyTo(record.AsSpan(record.Length - image.Length));
        index.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{key}\t{_offset}\n")));
        WriteParts(record);
    }

    private void WriteParts(ReadOnlySpan<byte> record)
    {
        int start = 0;
        RecordPart kind = RecordPart.Whole;
        for (int at = 0; at + sizeof(uint) <= record.Length; at += sizeof(uint))
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(record[at..]) == RecordFile.Magic)
            {
                kind = kind == RecordPart.Whole ? RecordPart.First : RecordPart.Middle;
                WritePart(kind, record[start..at]);
                start = at + sizeof(uint);
            }
        }

        WritePart(kind == RecordPart.Whole ? RecordPart.Whole : RecordPart.Last, record[start..]);
    }

    private void WritePart(RecordPart kind, ReadOnlySpan<byte> part)
    {
        if (part.Length > RecordFile.LargestLength)
        {
            throw new ArgumentException($"A record of {part.Length} bytes cannot be written; the format allows {RecordFile.LargestLength}. Make the image smaller.", nameof(part));
        }

        Span<byte> prefix = stackalloc byte[2 * sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(prefix, RecordFile.Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[sizeof(uint)..], ((uint)kind << RecordFile.LengthBits) | (uint)part.Length);
        int padding = (4 - (part.Length % 4)) % 4;
        records.Write(prefix);
        records.Write(part);
        records.Write(stackalloc byte[3].Slice(0, padding));
        _offset += prefix.Length + part.Length + padding;
    }
}
