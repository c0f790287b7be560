using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>Decodes photographs. The header is checked first, so that what claims to be huge is refused before memory is taken for it.</summary>
internal static class FaceImage
{
    /// <summary>Longest side in pixels.</summary>
    public const int LargestSide = 16_384;

    /// <summary>Most pixels: 64 megapixels, 256 MiB decoded.</summary>
    public const long MostPixels = 64_000_000;

    private const string Replace = "Replace the file, or leave it out.";

    /// <exception cref="FaceImageException">The file is absent, or cannot be decoded whole.</exception>
    public static MLImage FromFile(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new FaceImageException($"'{path}'", exception.Message.TrimEnd('.'), "Check the path and the right to read it.", exception);
        }

        return FromBytes(bytes, $"'{path}'");
    }

    /// <summary>Decodes jpg, png, bmp or webp bytes to 32-bit pixels, upright (the EXIF orientation is applied).</summary>
    /// <param name="bytes">A whole image file.</param>
    /// <param name="source">What to call it in a message.</param>
    /// <exception cref="FaceImageException">It cannot be decoded whole.</exception>
    public static MLImage FromBytes(ReadOnlySpan<byte> bytes, string source = "of the byte column")
    {
        if (bytes.IsEmpty)
        {
            throw new FaceImageException(source, "it is empty (0 bytes)", Replace);
        }

        using SKData data = SKData.CreateCopy(bytes);
        using var stream = new SKMemoryStream(data);
        using SKCodec? codec = SKCodec.Create(stream, out SKCodecResult opened);
        if (codec is null)
        {
            throw new FaceImageException(source, $"its {bytes.Length} bytes are no jpg, png, bmp or webp image ({opened})", "Convert it to one of these, or leave it out.");
        }

        int width = codec.Info.Width, height = codec.Info.Height;
        if (width < 1 || height < 1 || width > LargestSide || height > LargestSide || (long)width * height > MostPixels)
        {
            throw new FaceImageException(source, $"it is {width}×{height} pixels",
                $"Allowed are 1 to {LargestSide} pixels a side and at most {MostPixels / 1_000_000} megapixels; make it smaller, around the face.");
        }

        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Bgra8888, SKAlphaType.Premul));
        SKCodecResult decoded = codec.GetPixels(bitmap.Info, bitmap.GetPixels());
        if (decoded != SKCodecResult.Success)
        {
            // A truncated file would decode to half a face over grey.
            throw new FaceImageException(source, $"its {width}×{height} pixels cannot be decoded whole ({decoded}); the file is truncated or damaged", Replace);
        }

        using SKBitmap? turned = Upright(bitmap, codec.EncodedOrigin);
        SKBitmap upright = turned ?? bitmap;
        return MLImage.CreateFromPixels(upright.Width, upright.Height, MLPixelFormat.Bgra32, upright.GetPixelSpan());
    }

    /// <summary>A turned copy as the EXIF orientation asks for, or null if the image is upright.</summary>
    private static SKBitmap? Upright(SKBitmap bitmap, SKEncodedOrigin origin)
    {
        if (origin == SKEncodedOrigin.TopLeft)
        {
            return null;
        }

        int w = bitmap.Width, h = bitmap.Height;
        bool isSideways = origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;

        // Where a pixel (x, y) of the file goes: x' = a·x + b·y + c, y' = d·x + e·y + f.
        SKMatrix matrix = origin switch
        {
            SKEncodedOrigin.TopRight => new SKMatrix(-1, 0, w, 0, 1, 0, 0, 0, 1),
            SKEncodedOrigin.BottomRight => new SKMatrix(-1, 0, w, 0, -1, h, 0, 0, 1),
            SKEncodedOrigin.BottomLeft => new SKMatrix(1, 0, 0, 0, -1, h, 0, 0, 1),
            SKEncodedOrigin.LeftTop => new SKMatrix(0, 1, 0, 1, 0, 0, 0, 0, 1),
            SKEncodedOrigin.RightTop => new SKMatrix(0, -1, h, 1, 0, 0, 0, 0, 1),
            SKEncodedOrigin.RightBottom => new SKMatrix(0, -1, h, -1, 0, w, 0, 0, 1),
            _ => new SKMatrix(0, 1, 0, -1, 0, w, 0, 0, 1),
        };
        var upright = new SKBitmap(new SKImageInfo(isSideways ? h : w, isSideways ? w : h, bitmap.ColorType, bitmap.AlphaType));
        using var canvas = new SKCanvas(upright);
        canvas.SetMatrix(matrix);
        canvas.DrawBitmap(bitmap, 0, 0);
        canvas.Flush();
        return upright;
    }
}
