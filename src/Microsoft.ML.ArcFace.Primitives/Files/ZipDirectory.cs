using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>
/// The directory of a zip (APPNOTE 6.3.10, zip64 included). Its entries lie within the file and not on each other, so that
/// nobody reads more than the file is long.
/// </summary>
internal static class ZipDirectory
{
    private const uint LocalSignature = 0x04034b50, CentralSignature = 0x02014b50;
    private const uint EndSignature = 0x06054b50, End64Signature = 0x06064b50, End64LocatorSignature = 0x07064b50;
    private const int LocalSize = 30, CentralSize = 46, EndSize = 22, End64Size = 56, End64LocatorSize = 20;
    private const ushort Zip64Extra = 1, EncryptedFlag = 1, DeflateMethod = 8;
    private const int LongestName = 1024;

    /// <summary>Whether the bytes begin like a zip.</summary>
    public static bool IsZip(ByteSource source)
    {
        Span<byte> start = stackalloc byte[sizeof(uint)];
        if (!source.Holds(0, start.Length))
        {
            return false;
        }

        source.Read(0, start);
        return BinaryPrimitives.ReadUInt32LittleEndian(start) is LocalSignature or EndSignature;
    }

    /// <summary>The entries by name.</summary>
    /// <exception cref="InvalidDataException">The directory is damaged, or promises what is not there. The message is a part of a sentence.</exception>
    public static IReadOnlyDictionary<string, ZipEntry> Read(ByteSource source)
    {
        (long start, long length, long count) = FindDirectory(source);
        if (!source.Holds(start, length) || count > length / CentralSize || count > source.Length / (CentralSize + LocalSize))
        {
            throw new InvalidDataException($"its directory of {count} entries and {length} bytes does not fit into the file");
        }

        var entries = new Dictionary<string, ZipEntry>();
        var extents = new List<(long Start, long End, string Name)>();
        var reader = new ByteReader(source, start, start + length);
        try
        {
            for (long i = 0; i < count; i++)
            {
                (ZipEntry entry, long header) = ReadEntry(reader, directoryStart: start);
                extents.Add((header, entry.Position + entry.PackedLength, entry.Name));
                if (!entries.TryAdd(entry.Name, entry))
                {
                    throw new InvalidDataException($"the entry '{entry.Name}' is there twice");
                }
            }
        }
        catch (EndOfStreamException)
        {
            throw new InvalidDataException("its directory is truncated");
        }

        CheckApart(extents);
        return entries;
    }

    private static (long Start, long Length, long Count) FindDirectory(ByteSource source)
    {
        // The end record may be followed by a comment of up to 65,535 bytes.
        byte[] tail = new byte[Math.Min(source.Length, EndSize + ushort.MaxValue)];
        source.Read(source.Length - tail.Length, tail);
        for (int at = tail.Length - EndSize; at >= 0; at--)
        {
            ReadOnlySpan<byte> record = tail.AsSpan(at);
            if (BinaryPrimitives.ReadUInt32LittleEndian(record) == EndSignature)
            {
                return FindDirectory64(source, source.Length - tail.Length + at)
                    ?? (BinaryPrimitives.ReadUInt32LittleEndian(record[16..]), BinaryPrimitives.ReadUInt32LittleEndian(record[12..]), BinaryPrimitives.ReadUInt16LittleEndian(record[10..]));
            }
        }

        throw new InvalidDataException("it has no zip directory at its end: it is truncated");
    }

    private static (long Start, long Length, long Count)? FindDirectory64(ByteSource source, long endRecord)
    {
        byte[] locator = new byte[End64LocatorSize];
        if (endRecord < End64LocatorSize)
        {
            return null;
        }

        source.Read(endRecord - End64LocatorSize, locator);
        if (BinaryPrimitives.ReadUInt32LittleEndian(locator) != End64LocatorSignature)
        {
            return null;
        }

        long at = BinaryPrimitives.ReadInt64LittleEndian(locator.AsSpan(8));
        byte[] record = new byte[End64Size];
        if (!source.Holds(at, End64Size))
        {
            throw new InvalidDataException($"its zip64 record is said to lie at {at}, outside of the file");
        }

        source.Read(at, record);
        return BinaryPrimitives.ReadUInt32LittleEndian(record) == End64Signature
            ? (BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(48)), BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(40)), BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(32)))
            : throw new InvalidDataException("its zip64 record is damaged");
    }

    private static (ZipEntry Entry, long Header) ReadEntry(ByteReader reader, long directoryStart)
    {
        ReadOnlySpan<byte> record = reader.Take(CentralSize);
        if (BinaryPrimitives.ReadUInt32LittleEndian(record) != CentralSignature)
        {
            throw new InvalidDataException($"its directory is damaged at {reader.Position - CentralSize}");
        }

        ushort flags = BinaryPrimitives.ReadUInt16LittleEndian(record[8..]), method = BinaryPrimitives.ReadUInt16LittleEndian(record[10..]);
        uint crc = BinaryPrimitives.ReadUInt32LittleEndian(record[16..]);
        long packed = BinaryPrimitives.ReadUInt32LittleEndian(record[20..]), size = BinaryPrimitives.ReadUInt32LittleEndian(record[24..]);
        ushort nameLength = BinaryPrimitives.ReadUInt16LittleEndian(record[28..]);
        ushort extraLength = BinaryPrimitives.ReadUInt16LittleEndian(record[30..]), commentLength = BinaryPrimitives.ReadUInt16LittleEndian(record[32..]);
        long header = BinaryPrimitives.ReadUInt32LittleEndian(record[42..]);
        string name = ReadName(reader, nameLength);
        ReadExtra(reader, extraLength, ref size, ref packed, ref header);
        reader.Skip(commentLength);

        ZipPacking packing = (flags & EncryptedFlag) != 0 ? ZipPacking.Unknown : method switch
        {
            0 when packed == size => ZipPacking.Stored,
            DeflateMethod => ZipPacking.Deflated,
            _ => ZipPacking.Unknown,
        };
        return (new ZipEntry(name, DataStart(reader.Source, name, header, packed, directoryStart), packed, size, crc, packing), header);
    }

    private static string ReadName(ByteReader reader, ushort length)
    {
        if (length > LongestName)
        {
            throw new InvalidDataException($"an entry has a name of {length} bytes; at most {LongestName} are allowed");
        }

        byte[] name = new byte[length];
        for (int read = 0; read < length; read += byte.MaxValue)
        {
            reader.Take(Math.Min(byte.MaxValue, length - read)).CopyTo(name.AsSpan(read));
        }

        return Encoding.UTF8.GetString(name);
    }

    private static void ReadExtra(ByteReader reader, ushort length, ref long size, ref long packed, ref long header)
    {
        long end = reader.Position + length;
        while (end - reader.Position >= 2 * sizeof(ushort))
        {
            ushort kind = reader.ReadUInt16(), fieldLength = reader.ReadUInt16();
            long fieldEnd = reader.Position + fieldLength;
            if (kind == Zip64Extra)
            {
                // Only what is 0xffffffff above stands here, in this order.
                size = Long(reader, size, fieldEnd);
                packed = Long(reader, packed, fieldEnd);
                header = Long(reader, header, fieldEnd);
            }

            reader.Skip(fieldEnd - reader.Position);
        }

        reader.Skip(end - reader.Position);
    }

    private static long Long(ByteReader reader, long value, long fieldEnd) =>
        value == uint.MaxValue && fieldEnd - reader.Position >= sizeof(long) ? reader.ReadInt64() : value;

    private static long DataStart(ByteSource source, string name, long header, long size, long directoryStart)
    {
        Span<byte> local = stackalloc byte[LocalSize];
        if (source.Holds(header, LocalSize))
        {
            source.Read(header, local);
            long start = header + LocalSize + BinaryPrimitives.ReadUInt16LittleEndian(local[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(local[28..]);
            if (BinaryPrimitives.ReadUInt32LittleEndian(local) == LocalSignature && size >= 0 && start <= directoryStart && size <= directoryStart - start)
            {
                return start;
            }
        }

        throw new InvalidDataException($"the entry '{name}' claims {size} bytes at {header}, which the file does not have");
    }

    private static void CheckApart(List<(long Start, long End, string Name)> extents)
    {
        extents.Sort();
        for (int i = 1; i < extents.Count; i++)
        {
            if (extents[i].Start < extents[i - 1].End)
            {
                throw new InvalidDataException($"the entries '{extents[i - 1].Name}' and '{extents[i].Name}' lie on each other");
            }
        }
    }
}
