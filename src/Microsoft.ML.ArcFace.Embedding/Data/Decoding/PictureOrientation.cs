using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.ML.ArcFace.Files;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>
/// Finds how the pixels of a file are to be turned: by EXIF in a JPEG's APP1 segments, in a PNG's eXIf chunk or in the text
/// that ImageMagick writes in its place, or in a WebP's EXIF chunk. SkiaSharp's own answer is not asked for, because it
/// knows only JPEG and WebP, and of these only the usual type of number.
/// </summary>
internal static class PictureOrientation
{
    private const int LongestProfile = 1 << 20;

    /// <summary>Returns the orientation; <see cref="SKEncodedOrigin.TopLeft"/> where the file says nothing.</summary>
    public static SKEncodedOrigin Find(ReadOnlySpan<byte> file, FileKind kind) => kind switch
    {
        FileKind.Jpeg => OfJpeg(file),
        FileKind.Png => OfPng(file),
        FileKind.WebP => OfWebP(file),
        _ => null,
    } ?? SKEncodedOrigin.TopLeft;

    private static SKEncodedOrigin? OfJpeg(ReadOnlySpan<byte> file)
    {
        var segments = new JpegSegments(file);
        while (segments.MoveNext() && segments.Marker is not (JpegSegments.StartOfScan or JpegSegments.EndOfImage))
        {
            if (segments.Marker == JpegSegments.App1 && segments.Content.StartsWith("Exif\0"u8) && Exif.Orientation(segments.Content) is SKEncodedOrigin orientation)
            {
                return orientation;
            }
        }

        return null;
    }

    private static SKEncodedOrigin? OfPng(ReadOnlySpan<byte> file)
    {
        const int signature = 8, around = 12;
        SKEncodedOrigin? ofText = null;
        for (long at = signature; at + around <= file.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file[(int)at..]);
            if (length > file.Length - at - around)
            {
                break;
            }

            ReadOnlySpan<byte> type = file.Slice((int)at + 4, 4), content = file.Slice((int)at + 8, (int)length);
            if (type.SequenceEqual("eXIf"u8) && Exif.Orientation(content) is SKEncodedOrigin orientation)
            {
                return orientation;
            }

            bool isCompressed = type.SequenceEqual("zTXt"u8);
            if (ofText is null && (isCompressed || type.SequenceEqual("tEXt"u8)))
            {
                ofText = OfText(content, isCompressed);
            }

            at += around + length;
        }

        return ofText;
    }

    /// <summary>Reads "Raw profile type APP1" or "exif", then the kind, the number of bytes, and these as hexadecimal digits.</summary>
    private static SKEncodedOrigin? OfText(ReadOnlySpan<byte> content, bool isCompressed)
    {
        ReadOnlySpan<byte> name = "Raw profile type "u8;
        int end = content.IndexOf((byte)0);
        if (!content.StartsWith(name) || end < 0 || Encoding.ASCII.GetString(content[name.Length..end]).ToUpperInvariant() is not ("APP1" or "EXIF"))
        {
            return null;
        }

        ReadOnlySpan<byte> text = content[(end + 1)..];
        if (isCompressed)
        {
            text = Inflate(text);
        }

        // Two lines, of the kind and of the number of bytes, stand before the digits.
        string[] lines = Encoding.ASCII.GetString(text[..Math.Min(text.Length, LongestProfile)]).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string digits = string.Concat(lines.Skip(2));
        try
        {
            return Exif.Orientation(Convert.FromHexString(digits));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Unpacks the text of a zTXt chunk behind its keyword: a byte for the method, then zlib. Damaged text is empty.</summary>
    private static byte[] Inflate(ReadOnlySpan<byte> compressed)
    {
        if (compressed is not [0, .. ReadOnlySpan<byte> zlib])
        {
            return [];
        }

        using var stream = new ZLibStream(new MemoryStream(zlib.ToArray()), CompressionMode.Decompress);
        byte[] text = new byte[Math.Min(LongestProfile, 1100L * zlib.Length)];
        try
        {
            return text[..stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false)];
        }
        catch (InvalidDataException)
        {
            return [];
        }
    }

    private static SKEncodedOrigin? OfWebP(ReadOnlySpan<byte> file)
    {
        const int header = 12, around = 8;
        for (long at = header; at + around <= file.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(file[((int)at + 4)..]);
            if (length > file.Length - at - around)
            {
                break;
            }

            if (file.Slice((int)at, 4).SequenceEqual("EXIF"u8) && Exif.Orientation(file.Slice((int)at + around, (int)length)) is SKEncodedOrigin orientation)
            {
                return orientation;
            }

            at += around + length + (length & 1);
        }

        return null;
    }
}
