using System.Buffers.Binary;
using System.IO.Compression;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Image files as bytes, good ones and bad ones.</summary>
internal static class EncodedImages
{
    /// <summary>A colour gradient; its four quarters differ in all orientations.</summary>
    public static byte[] Gradient(int width, int height, SKEncodedImageFormat format, int quality = 100)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Bgra8888, SKAlphaType.Opaque));
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                bitmap.SetPixel(x, y, GradientAt(x, y, width, height));
            }
        }

        using SKData data = bitmap.Encode(format, quality);
        return data.ToArray();
    }

    /// <summary>The colour of <see cref="Gradient"/> at a place.</summary>
    public static SKColor GradientAt(int x, int y, int width, int height) =>
        new((byte)(255 * x / Math.Max(width - 1, 1)), (byte)(255 * y / Math.Max(height - 1, 1)), 60);

    /// <summary>A JPEG with one component.</summary>
    public static byte[] GreyJpeg(int side, byte value)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(side, side, SKColorType.Gray8, SKAlphaType.Opaque));
        for (int i = 0; i < side * side; i++)
        {
            bitmap.SetPixel(i % side, i / side, new SKColor(value, value, value));
        }

        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 100);
        return data.ToArray();
    }

    /// <summary>A PNG of one colour; <paramref name="sample"/> holds the channels of one pixel as stored.</summary>
    public static byte[] Png(int width, int height, byte bitDepth, byte colourType, params byte[] sample)
    {
        using var scanlines = new MemoryStream();
        for (int y = 0; y < height; y++)
        {
            scanlines.WriteByte(0);
            for (int x = 0; x < width; x++)
            {
                scanlines.Write(sample);
            }
        }

        return PngHeaderAnd(width, height, bitDepth, colourType, scanlines.ToArray());
    }

    /// <summary>A PNG of one channel; each row of <paramref name="rows"/> begins with the byte of its filter.</summary>
    public static byte[] GrayPng(int width, int height, byte[] rows) => PngHeaderAnd(width, height, bitDepth: 8, colourType: 0, rows);

    /// <summary>A PNG whose header says a size, without the pixels for it.</summary>
    public static byte[] PngOfHeaderOnly(int width, int height) => PngHeaderAnd(width, height, bitDepth: 8, colourType: 2, scanlines: []);

    /// <summary>A 24-bit BMP of one colour, or with <paramref name="withPixels"/> false its header alone.</summary>
    public static byte[] Bmp(int width, int height, SKColor colour, bool withPixels = true)
    {
        const int headerSize = 54;
        int stride = ((width * 3) + 3) / 4 * 4;
        byte[] bytes = new byte[headerSize + (withPixels ? stride * height : 0)];
        "BM"u8.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(2), bytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(10), headerSize);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(22), height);
        bytes[26] = 1;
        bytes[28] = 24;
        for (int i = 0; withPixels && i < width * height; i++)
        {
            int at = headerSize + (i / width * stride) + (i % width * 3);
            (bytes[at], bytes[at + 1], bytes[at + 2]) = (colour.Blue, colour.Green, colour.Red);
        }

        return bytes;
    }

    /// <summary>The JPEG with an EXIF segment that gives the orientation, 1 to 8.</summary>
    public static byte[] WithOrientation(byte[] jpeg, byte orientation)
    {
        byte[] exif =
        [
            0xFF, 0xE1, 0, 34, .. "Exif\0\0"u8,
            .. "MM"u8, 0, 42, 0, 0, 0, 8,                              // big-endian TIFF, directory at 8
            0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0,  // one entry: orientation, one short
            0, 0, 0, 0,                                                // no further directory
        ];
        return [.. jpeg[..2], .. exif, .. jpeg[2..]];
    }

    /// <summary>An 8×8 JPEG of one colour in four components with Adobe's marker, which stores ink as 255 − amount.</summary>
    public static byte[] CmykJpeg(byte cyan, byte magenta, byte yellow, byte black)
    {
        byte[] components = [(byte)(255 - cyan), (byte)(255 - magenta), (byte)(255 - yellow), (byte)(255 - black)];
        return
        [
            0xFF, 0xD8,
            0xFF, 0xEE, 0, 14, .. "Adobe"u8, 0, 100, 0, 0, 0, 0, 0,
            0xFF, 0xDB, 0, 67, 0, .. Enumerable.Repeat((byte)1, 64),
            .. JpegFrameHeader(width: 8, height: 8, componentCount: 4),
            // DC table: the twelve lengths 0 to 11, each with a code of four bits. AC table: "end of block", one bit.
            0xFF, 0xC4, 0, 31, 0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
            0xFF, 0xC4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00,
            0xFF, 0xDA, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0,
            .. OneBlockEach(components),
            0xFF, 0xD9,
        ];
    }

    /// <summary>A JPEG that ends behind a header of that size.</summary>
    public static byte[] JpegOfHeaderOnly(ushort width, ushort height) =>
    [
        0xFF, 0xD8,
        0xFF, 0xDB, 0, 67, 0, .. Enumerable.Repeat((byte)1, 64),
        .. JpegFrameHeader(width, height, componentCount: 3),
        0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0,
    ];

    private static byte[] JpegFrameHeader(ushort width, ushort height, byte componentCount) =>
    [
        0xFF, 0xC0, 0, (byte)(8 + (3 * componentCount)), 8,
        (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, componentCount,
        .. Enumerable.Range(1, componentCount).SelectMany(id => new byte[] { (byte)id, 0x11, 0 }),
    ];

    /// <summary>Each component's only block: its mean, coded by <see cref="CmykJpeg"/>'s tables, and no detail.</summary>
    private static byte[] OneBlockEach(byte[] components)
    {
        string bits = "";
        foreach (byte value in components)
        {
            int mean = 8 * (value - 128);
            int length = mean == 0 ? 0 : (int)Math.Log2(Math.Abs(mean)) + 1;
            int magnitude = mean < 0 ? mean + (1 << length) - 1 : mean;
            bits += length.ToString("b4") + (length == 0 ? "" : magnitude.ToString($"b{length}")) + "0";
        }

        bits = bits.PadRight((bits.Length + 7) / 8 * 8, '1');
        IEnumerable<byte> bytes = bits.Chunk(8).Select(chunk => Convert.ToByte(new string(chunk), fromBase: 2));
        return [.. bytes.SelectMany(value => value == 0xFF ? new byte[] { 0xFF, 0 } : [value])];
    }

    private static byte[] PngHeaderAnd(int width, int height, byte bitDepth, byte colourType, byte[] scanlines)
    {
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (bitDepth, colourType);
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(scanlines);
        }

        return
        [
            0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n',
            .. PngChunk("IHDR"u8, header), .. PngChunk("IDAT"u8, compressed.ToArray()), .. PngChunk("IEND"u8, []),
        ];
    }

    private static byte[] PngChunk(ReadOnlySpan<byte> type, byte[] content)
    {
        byte[] chunk = [0, 0, 0, 0, .. type, .. content, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), Crc(chunk.AsSpan(4, 4 + content.Length)));
        return chunk;
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        return ~crc;
    }
}
