using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>
/// Decodes photographs to 32-bit pixels, upright (the EXIF orientation is applied). The header is checked first, so
/// that what claims to be huge is refused before memory is taken for it. Grey, CMYK and 16-bit pictures become 8-bit
/// colour without colour management, as ML.NET and OpenCV decode; what is transparent becomes black.
/// </summary>
internal static class FaceImage
{
    /// <summary>Longest side in pixels.</summary>
    public const int LargestSide = 16_384;

    /// <summary>Most pixels: 64 megapixels, 256 MiB decoded.</summary>
    public const int MostPixels = 64_000_000;

    /// <summary>Largest file: 64 megapixels of four 16-bit values, not compressed.</summary>
    public const long MostBytes = 8L * MostPixels;

    private const string Formats = "jpg, png, bmp or webp";
    private const string Replace = "Replace the file, or leave it out.";
    private const int BytesPerPixel = 4;

    /// <exception cref="FaceImageException">The file is absent, or cannot be decoded whole.</exception>
    public static MLImage FromFile(string path) => FromBytes(ReadFile(path), $"'{path}'");

    /// <summary>The bytes of an image file.</summary>
    /// <exception cref="FaceImageException">The file is absent or larger than any image.</exception>
    public static byte[] ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MostBytes } file)
            {
                throw new FaceImageException($"'{path}'", $"it has {file.Length} bytes", $"Allowed are at most {MostBytes} bytes; make it smaller, around the face.");
            }

            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new FaceImageException($"'{path}'", exception.Message.TrimEnd('.'), "Check the path and the right to read it.", exception);
        }
    }

    /// <summary>Decodes jpg, png, bmp or webp bytes.</summary>
    /// <param name="bytes">A whole image file.</param>
    /// <param name="source">What to call it in a message.</param>
    /// <exception cref="FaceImageException">It cannot be decoded whole.</exception>
    public static unsafe MLImage FromBytes(ReadOnlySpan<byte> bytes, string source)
    {
        if (bytes.IsEmpty)
        {
            throw new FaceImageException(source, "it is empty (0 bytes)", Replace);
        }

        fixed (byte* start = bytes)
        {
            using SKData data = SKData.Create((IntPtr)start, bytes.Length);
            using SKCodec codec = SKCodec.Create(data) ?? throw UnreadableHeader(bytes, source);
            CheckHeader(codec, source);
            int[] pixels = DecodePixels(codec, source);
            (int width, int height) = (codec.Info.Width, codec.Info.Height);
            if (codec.EncodedOrigin is not (SKEncodedOrigin.Default or SKEncodedOrigin.TopLeft))
            {
                (pixels, width, height) = Upright(pixels, width, height, codec.EncodedOrigin);
            }

            return MLImage.CreateFromPixels(width, height, MLPixelFormat.Bgra32, MemoryMarshal.AsBytes(pixels.AsSpan()));
        }
    }

    private static FaceImageException UnreadableHeader(ReadOnlySpan<byte> bytes, string source)
    {
        if (HasKnownSignature(bytes))
        {
            return new FaceImageException(source, "its header is damaged, truncated, or gives a width or height of 0", Replace);
        }

        string start = Encoding.ASCII.GetString(bytes[..Math.Min(bytes.Length, 12)]);
        string printable = string.Concat(start.Select(character => char.IsControl(character) ? '?' : character));
        return new FaceImageException(source, $"its {bytes.Length} bytes, beginning with \"{printable}\", are no {Formats} image", "Convert it to one of these, or leave it out.");
    }

    private static bool HasKnownSignature(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])
        || bytes.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G'])
        || bytes.StartsWith("BM"u8)
        || (bytes.StartsWith("RIFF"u8) && bytes.Length >= 12 && bytes[8..].StartsWith("WEBP"u8));

    private static void CheckHeader(SKCodec codec, string source)
    {
        if (codec.EncodedFormat is not (SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Png or SKEncodedImageFormat.Bmp or SKEncodedImageFormat.Webp))
        {
            throw new FaceImageException(source, $"its format is {codec.EncodedFormat}, not {Formats}", "Convert it to one of these, or leave it out.");
        }

        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if (width < 1 || height < 1 || width > LargestSide || height > LargestSide || (long)width * height > MostPixels)
        {
            throw new FaceImageException(source, $"it is {width}×{height} pixels",
                $"Allowed are 1 to {LargestSide} pixels a side and at most {MostPixels / 1_000_000} megapixels; make it smaller, around the face.");
        }
    }

    /// <summary>The pixels as stored, row by row, one Bgra32 pixel an integer.</summary>
    private static unsafe int[] DecodePixels(SKCodec codec, string source)
    {
        SKAlphaType alpha = codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Premul;
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Bgra8888, alpha);
        int[] pixels = new int[info.Width * info.Height];
        SKCodecResult decoded;
        fixed (int* start = pixels)
        {
            decoded = codec.GetPixels(info, (IntPtr)start, info.Width * BytesPerPixel, SKCodecOptions.Default);
        }

        // A truncated file would decode to half a face over grey.
        return decoded == SKCodecResult.Success
            ? pixels
            : throw new FaceImageException(source, $"its {info.Width}×{info.Height} pixels cannot be decoded whole ({decoded}); the file is truncated or damaged", Replace);
    }

    /// <summary>The pixels as a viewer shows them (EXIF 2.3, tag 0x0112).</summary>
    private static (int[] Pixels, int Width, int Height) Upright(int[] stored, int storedWidth, int storedHeight, SKEncodedOrigin origin)
    {
        bool isSideways = origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        (int width, int height) = isSideways ? (storedHeight, storedWidth) : (storedWidth, storedHeight);
        (int right, int bottom) = (storedWidth - 1, storedHeight - 1);
        int[] upright = new int[stored.Length];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                (int column, int row) = origin switch
                {
                    SKEncodedOrigin.TopRight => (right - x, y),
                    SKEncodedOrigin.BottomRight => (right - x, bottom - y),
                    SKEncodedOrigin.BottomLeft => (x, bottom - y),
                    SKEncodedOrigin.LeftTop => (y, x),
                    SKEncodedOrigin.RightTop => (y, bottom - x),
                    SKEncodedOrigin.RightBottom => (right - y, bottom - x),
                    SKEncodedOrigin.LeftBottom => (right - y, x),
                    _ => (x, y),
                };
                upright[(y * width) + x] = stored[(row * storedWidth) + column];
            }
        }

        return (upright, width, height);
    }
}
