using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.ML.ArcFace.Files;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>EXIF that gives an orientation, and the files of each format that carry it.</summary>
internal static class ExifBlocks
{
    /// <summary>The types of number of TIFF by their names there.</summary>
    public static readonly (string Name, ushort Type)[] Types =
    [
        ("BYTE", 1), ("ASCII", 2), ("SHORT", 3), ("LONG", 4), ("RATIONAL", 5), ("SBYTE", 6), ("UNDEFINED", 7),
        ("SSHORT", 8), ("SLONG", 9), ("SRATIONAL", 10), ("FLOAT", 11), ("DOUBLE", 12),
    ];

    /// <summary>A TIFF block of two tags, the maker's name and the orientation.</summary>
    public static byte[] Tiff(int orientation, ushort type = 3, bool isLittleEndian = false)
    {
        byte[] block = new byte[64];
        (isLittleEndian ? "II*\0"u8 : "MM\0*"u8).CopyTo(block);
        Put32(4, 8);
        Put16(8, 2);
        Put16(10, 0x010F);
        Put16(12, 2);
        Put32(14, 2);
        block[18] = (byte)'X';
        Put16(22, 0x0112);
        Put16(24, type);
        Put32(26, 1);
        const int inEntry = 30, outside = 50;
        switch (type)
        {
            case 1 or 6 or 7:
                block[inEntry] = (byte)orientation;
                break;
            case 2:
                block[inEntry] = (byte)('0' + orientation);
                break;
            case 3 or 8:
                Put16(inEntry, (ushort)orientation);
                break;
            case 5 or 10:
                Put32(inEntry, outside);
                Put32(outside, (uint)orientation * 3);
                Put32(outside + 4, 3);
                break;
            case 11:
                Put32(inEntry, BitConverter.SingleToUInt32Bits(orientation));
                break;
            case 12:
                Put32(inEntry, outside);
                ulong bits = BitConverter.DoubleToUInt64Bits(orientation);
                (uint high, uint low) = ((uint)(bits >> 32), (uint)bits);
                Put32(outside, isLittleEndian ? low : high);
                Put32(outside + 4, isLittleEndian ? high : low);
                break;
            default:
                Put32(inEntry, (uint)orientation);
                break;
        }

        return block;

        void Put16(int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(at), isLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value));
        void Put32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(at), isLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value));
    }

    /// <summary>The file with the block, where its format has it.</summary>
    /// <param name="container">"JPEG", "PNG", "PNG at its end", "PNG text", "PNG packed text", "WebP" or "WebP with Exif header".</param>
    /// <param name="file">A picture of that format.</param>
    /// <param name="block">A TIFF block.</param>
    public static byte[] Put(string container, byte[] file, byte[] block) => container switch
    {
        "JPEG" => [.. file[..2], 0xFF, 0xE1, 0, (byte)(block.Length + 8), .. "Exif\0\0"u8, .. block, .. file[2..]],
        "PNG" => [.. file[..33], .. PngChunk("eXIf", block), .. file[33..]],
        "PNG at its end" => [.. file[..^12], .. PngChunk("eXIf", block), .. file[^12..]],
        "PNG text" => [.. file[..33], .. PngChunk("tEXt", [.. "Raw profile type exif\0"u8, .. Profile(block)]), .. file[33..]],
        "PNG packed text" => [.. file[..33], .. PngChunk("zTXt", [.. "Raw profile type APP1\0\0"u8, .. Packed(Profile(block))]), .. file[33..]],
        "WebP" => WebP(file, block),
        "WebP with Exif header" => WebP(file, [.. "Exif\0\0"u8, .. block]),
        _ => throw new ArgumentOutOfRangeException(nameof(container), container, null),
    };

    private static byte[] Profile(byte[] block)
    {
        byte[] whole = [.. "Exif\0\0"u8, .. block];
        string digits = string.Join('\n', Convert.ToHexStringLower(whole).Chunk(72).Select(line => new string(line)));
        return Encoding.ASCII.GetBytes($"\nexif\n{whole.Length,8}\n{digits}\n");
    }

    private static byte[] Packed(byte[] text)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(text);
        }

        return packed.ToArray();
    }

    private static byte[] PngChunk(string type, byte[] content)
    {
        byte[] named = [.. Encoding.ASCII.GetBytes(type), .. content], around = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(around, content.Length);
        var crc = new Crc32();
        crc.Add(named);
        BinaryPrimitives.WriteUInt32BigEndian(around.AsSpan(4), crc.Value);
        return [.. around[..4], .. named, .. around[4..]];
    }

    /// <summary>An extended WebP: a header with size and the sign for EXIF, the picture of the simple one, the block.</summary>
    private static byte[] WebP(byte[] simple, byte[] block)
    {
        SKImageInfo size = SKBitmap.DecodeBounds(simple);
        (int width, int height) = (size.Width - 1, size.Height - 1);
        byte[] picture = simple[12..], length = new byte[4], extended =
        [
            .. "VP8X"u8, 10, 0, 0, 0, 8, 0, 0, 0, (byte)width, (byte)(width >> 8), 0, (byte)height, (byte)(height >> 8), 0,
            .. picture, .. "EXIF"u8, (byte)block.Length, 0, 0, 0, .. block, .. new byte[block.Length & 1],
        ];
        BinaryPrimitives.WriteInt32LittleEndian(length, extended.Length + 4);
        return [.. "RIFF"u8, .. length, .. "WEBP"u8, .. extended];
    }
}
