using System.Buffers.Binary;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Data.InsightFace;

/// <summary>
/// MXNet's RecordIO: u32 magic, u32 (part kind &lt;&lt; 29 | length), data, padding to 4 bytes. A record whose data hold the
/// magic at a multiple of 4 bytes is split there, without it; joining the parts puts it back.
/// </summary>
internal sealed class RecordFile(ByteSource source, string name) : IDisposable
{
    public const uint Magic = 0xced7230a;
    public const int LengthBits = 29;
    public const uint LargestLength = (1u << LengthBits) - 1;

    private const int PrefixSize = 8;
    private const int LargestRecord = int.MaxValue - 1024;

    public long Length => source.Length;

    public string Name => name;

    /// <summary>The first bytes of a record, at most as many as the buffer holds.</summary>
    /// <exception cref="FaceDataFormatException">There is no record.</exception>
    public int ReadStart(long offset, Span<byte> buffer)
    {
        (RecordPart kind, int length) = ReadPrefix(offset);
        RequireFirst(offset, kind);
        if (kind == RecordPart.First && length < buffer.Length)
        {
            byte[] joined = Read(offset);
            int count = Math.Min(buffer.Length, joined.Length);
            joined.AsSpan(0, count).CopyTo(buffer);
            return count;
        }

        Span<byte> start = buffer[..Math.Min(buffer.Length, length)];
        source.Read(offset + PrefixSize, start);
        return start.Length;
    }

    /// <summary>The whole record, its parts joined.</summary>
    /// <exception cref="FaceDataFormatException">There is no record, or a part of it is missing.</exception>
    public byte[] Read(long offset)
    {
        (RecordPart kind, int length) = ReadPrefix(offset);
        RequireFirst(offset, kind);
        if (kind == RecordPart.Whole)
        {
            byte[] whole = GC.AllocateUninitializedArray<byte>(length);
            source.Read(offset + PrefixSize, whole);
            return whole;
        }

        // Once for the length, once for the bytes: a file may be nothing but parts, and a list of them longer than it.
        long total = Parts(offset).Sum(part => part.Length + (long)sizeof(uint)) - sizeof(uint);
        if (total > LargestRecord)
        {
            throw Damaged(offset, $"the parts of the record have {total} bytes; at most {LargestRecord} are allowed");
        }

        byte[] joined = GC.AllocateUninitializedArray<byte>((int)total);
        int at = 0;
        foreach ((long start, int partLength) in Parts(offset))
        {
            if (start > offset + PrefixSize)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(joined.AsSpan(at), Magic);
                at += sizeof(uint);
            }

            source.Read(start, joined.AsSpan(at, partLength));
            at += partLength;
        }

        return joined;
    }

    /// <summary>Where the record behind the one at <paramref name="offset"/> starts; at the end of the file its length.</summary>
    /// <exception cref="FaceDataFormatException">There is no record, or a part of it is missing.</exception>
    public long Next(long offset)
    {
        (RecordPart kind, int length) = ReadPrefix(offset);
        RequireFirst(offset, kind);
        (long start, int lastLength) = kind == RecordPart.Whole ? (offset + PrefixSize, length) : Parts(offset).Last();
        return Math.Min(Padded(start, lastLength), source.Length);
    }

    public void Dispose() => source.Dispose();

    public FaceDataFormatException Damaged(long offset, string what) =>
        new($"'{name}' is damaged at byte {offset}: {what}. Make or copy the file anew; an .idx belongs to the .rec it was made with.");

    private IEnumerable<(long Start, int Length)> Parts(long offset)
    {
        RecordPart expected = RecordPart.First;
        for (long at = offset; ;)
        {
            (RecordPart kind, int length) = ReadPrefix(at);
            if (kind != expected && !(expected == RecordPart.Middle && kind == RecordPart.Last))
            {
                throw Damaged(at, $"a part of kind {kind} is in the record at {offset}, where {expected} is due");
            }

            yield return (at + PrefixSize, length);
            if (kind == RecordPart.Last)
            {
                yield break;
            }

            at = Padded(at + PrefixSize, length);
            expected = RecordPart.Middle;
        }
    }

    private (RecordPart Kind, int Length) ReadPrefix(long offset)
    {
        Span<byte> prefix = stackalloc byte[PrefixSize];
        if (!source.Holds(offset, PrefixSize))
        {
            throw Damaged(offset, $"a record should start here, but the file has {source.Length} bytes");
        }

        source.Read(offset, prefix);
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(prefix), kindAndLength = BinaryPrimitives.ReadUInt32LittleEndian(prefix[sizeof(uint)..]);
        if (magic != Magic)
        {
            throw Damaged(offset, $"a record should start here with 0x{Magic:x8}, but there is 0x{magic:x8}");
        }

        var (kind, length) = ((RecordPart)(kindAndLength >> LengthBits), (int)(kindAndLength & LargestLength));
        if (!Enum.IsDefined(kind) || !source.Holds(offset + PrefixSize, length))
        {
            throw Damaged(offset, $"a part of kind {(uint)kind} claims {length} bytes, but the file has {source.Length - offset - PrefixSize} more");
        }

        return (kind, length);
    }

    private void RequireFirst(long offset, RecordPart kind)
    {
        if (kind is RecordPart.Middle or RecordPart.Last)
        {
            throw Damaged(offset, $"a record should start here, but this is a {kind} part");
        }
    }

    private static long Padded(long start, int length) => start + ((length + 3L) / 4 * 4);
}

/// <summary>What part of a record follows.</summary>
internal enum RecordPart : uint
{
    Whole = 0,
    First = 1,
    Middle = 2,
    Last = 3,
}
