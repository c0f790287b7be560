using System.Buffers.Binary;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>
/// Reads how a picture is to be turned from a block of EXIF: tag 0x0112 of the first directory, whatever type of number
/// it is written as. A damaged block says nothing; it is never an error.
/// </summary>
internal static class Exif
{
    private const ushort OrientationTag = 0x0112;
    private const int EntrySize = 12;

    /// <summary>Returns the orientation that a block gives, null if it gives none of the eight.</summary>
    /// <param name="block">A TIFF header and what follows it, with or without "Exif\0\0" before it.</param>
    public static SKEncodedOrigin? Orientation(ReadOnlySpan<byte> block)
    {
        if (block.Length >= 6 && block.StartsWith("Exif\0"u8))
        {
            block = block[6..];
        }

        if (block.Length < 8 || !(block.StartsWith("II*\0"u8) || block.StartsWith("MM\0*"u8)))
        {
            return null;
        }

        var tiff = new Tiff(block, isLittleEndian: block[0] == 'I');
        uint directory = tiff.UInt32(4);
        if (!tiff.Holds(directory, 2))
        {
            return null;
        }

        int count = tiff.UInt16(directory);
        for (int i = 0; i < count; i++)
        {
            long entry = directory + 2 + ((long)i * EntrySize);
            if (!tiff.Holds(entry, EntrySize))
            {
                return null;
            }

            if (tiff.UInt16(entry) == OrientationTag && tiff.FirstValue(entry) is >= 1 and <= 8 and double value && value == Math.Floor(value))
            {
                return (SKEncodedOrigin)(int)value;
            }
        }

        return null;
    }

    private readonly ref struct Tiff(ReadOnlySpan<byte> bytes, bool isLittleEndian)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        public bool Holds(long at, int length) => at >= 0 && at + length <= _bytes.Length;

        public ushort UInt16(long at) =>
            isLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(_bytes[(int)at..]) : BinaryPrimitives.ReadUInt16BigEndian(_bytes[(int)at..]);

        public uint UInt32(long at) =>
            isLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(_bytes[(int)at..]) : BinaryPrimitives.ReadUInt32BigEndian(_bytes[(int)at..]);

        /// <summary>Reads the first value of an entry as a number; it stands in the entry itself if all values fit into four bytes.</summary>
        public double? FirstValue(long entry)
        {
            ushort type = UInt16(entry + 2);
            uint count = UInt32(entry + 4);
            int size = type switch { 1 or 2 or 6 or 7 => 1, 3 or 8 => 2, 4 or 9 or 11 or 13 => 4, 5 or 10 or 12 => 8, _ => 0 };
            if (size == 0 || count == 0)
            {
                return null;
            }

            long at = (long)size * count <= 4 ? entry + 8 : UInt32(entry + 8);
            if (!Holds(at, size))
            {
                return null;
            }

            return type switch
            {
                2 => _bytes[(int)at] - '0',
                5 or 10 => UInt32(at + 4) == 0 ? null : (double)UInt32(at) / UInt32(at + 4),
                11 => BitConverter.UInt32BitsToSingle(UInt32(at)),
                12 => BitConverter.UInt64BitsToDouble(isLittleEndian ? UInt32(at) | ((ulong)UInt32(at + 4) << 32) : ((ulong)UInt32(at) << 32) | UInt32(at + 4)),
                _ => size switch { 1 => _bytes[(int)at], 2 => UInt16(at), _ => UInt32(at) },
            };
        }
    }
}
