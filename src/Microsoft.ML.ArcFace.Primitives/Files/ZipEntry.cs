using System.IO.Compression;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>Names how the bytes of a zip's entry lie in the file.</summary>
internal enum ZipPacking
{
    /// <summary>Bytes as they are.</summary>
    Stored,

    /// <summary>Compressed by Deflate.</summary>
    Deflated,

    /// <summary>Encrypted, or compressed in another way.</summary>
    Unknown,
}

/// <summary>Describes an entry of a zip: where its bytes lie, how many they are when unpacked, and the checksum they should then have.</summary>
internal sealed record ZipEntry(string Name, long Position, long PackedLength, long Length, uint Crc32, ZipPacking Packing)
{
    /// <summary>Numbers of a network hardly compress: an entry that claims to grow by more is refused before memory is taken for it.</summary>
    public const int LargestGrowth = 16;

    /// <summary>Short entries may grow as they like: texts and zeros do.</summary>
    private const long FreeLength = 1 << 20;

    /// <summary>The same for entries of a saved model, where a small network of repeating weights is whole.</summary>
    public const long FreeLengthInModels = 8 << 20;

    /// <summary>The part of the name behind the last folder.</summary>
    public string FileName => Name[(Name.AsSpan().LastIndexOfAny('/', '\\') + 1)..];

    /// <summary>Refuses an entry that claims more bytes than it can have, before memory or disk is taken for them.</summary>
    /// <exception cref="InvalidDataException">It does. The message is a part of a sentence.</exception>
    public static void CheckGrowth(string name, long length, long packedLength, long freeLength = FreeLength)
    {
        if (length < 0 || (length > freeLength && length / LargestGrowth > packedLength + 1))
        {
            throw new InvalidDataException($"the entry '{name}' claims {length} bytes for {packedLength} in the file; more than {freeLength >> 20} MiB may be at most {LargestGrowth} for one");
        }
    }

    /// <summary>Compares the bytes with their checksum and opens them: where they lie, or unpacked to memory if they are compressed.</summary>
    /// <inheritdoc cref="Unpack"/>
    public ByteSource Open(ByteSource source)
    {
        if (Packing != ZipPacking.Stored)
        {
            return ByteSource.Of(Unpack(source));
        }

        if (PackedLength != Length)
        {
            throw new InvalidDataException($"the entry '{Name}' does not have the {Length} bytes that it claims");
        }

        using Stream stream = source.ToStream(Position, Length);
        var crc = new Crc32();
        byte[] piece = new byte[1 << 16];
        for (int count; (count = stream.Read(piece)) > 0;)
        {
            crc.Add(piece.AsSpan(0, count));
        }

        return crc.Value == Crc32 ? source.Part(Position, Length) : throw new InvalidDataException($"the entry '{Name}' does not have its checksum");
    }

    /// <summary>Unpacks the bytes and compares them with their checksum.</summary>
    /// <exception cref="InvalidDataException">They are damaged, encrypted, or too many. The message is a part of a sentence.</exception>
    public byte[] Unpack(ByteSource source)
    {
        if (Packing == ZipPacking.Unknown)
        {
            throw new InvalidDataException($"the entry '{Name}' is encrypted, or compressed in a way that is not known here");
        }

        CheckGrowth(Name, Length, PackedLength);
        if (Length > Array.MaxLength)
        {
            throw new InvalidDataException($"the entry '{Name}' claims {Length} bytes; at most {Array.MaxLength} can be read");
        }

        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)Length);
        using Stream packed = source.ToStream(Position, PackedLength);
        using Stream unpacked = Packing == ZipPacking.Stored ? packed : new DeflateStream(packed, CompressionMode.Decompress);
        if (unpacked.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length || unpacked.ReadByte() >= 0)
        {
            throw new InvalidDataException($"the entry '{Name}' does not have the {Length} bytes that it claims");
        }

        var crc = new Crc32();
        crc.Add(bytes);
        return crc.Value == Crc32 ? bytes : throw new InvalidDataException($"the entry '{Name}' does not have its checksum");
    }
}
