using Microsoft.ML.ArcFace.Files;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>Decodes the pixels of one file as stored, not turned, at a reduced size if there are too many.</summary>
internal readonly ref struct PixelDecoding(SKCodec codec, FileKind kind, ReadOnlySpan<byte> file)
{
    private const int BytesPerPixel = 4;

    private readonly ReadOnlySpan<byte> _file = file;
    private readonly int _reduction = PixelLimit.Reduction(codec.Info.Width, codec.Info.Height);

    /// <summary>Tells whether sides are divided.</summary>
    public bool IsReduced => _reduction > 1;

    private int Width => PixelLimit.Part(codec.Info.Width, _reduction);

    private int Height => PixelLimit.Part(codec.Info.Height, _reduction);

    /// <summary>Estimates the bytes that decoding takes at most, as far as they are known before it.</summary>
    public long Cost(bool isTurned)
    {
        long decoded = (long)Width * Height * BytesPerPixel;
        long stored = (long)codec.Info.Width * codec.Info.Height;
        long beside = kind switch
        {
            // Progressive: two bytes for each value of three components, whatever size is asked for.
            FileKind.Jpeg => JpegCompleteness.KeepsCoefficients(_file) ? stored * 6 : 0,

            // Lossless: all stored pixels.
            FileKind.WebP => stored * BytesPerPixel,
            _ => _reduction == 1 ? 0 : PixelReduction.WorkingBytes(codec.Info.Width, codec.Info.Height),
        };
        return beside + (isTurned ? 2 * decoded : decoded);
    }

    /// <summary>Decodes; the pixels are null unless all of them are there.</summary>
    public SKCodecResult TryDecode(out SKBitmap? pixels)
    {
        pixels = null;
        if (kind != FileKind.Jpeg)
        {
            return TryDecode(codec, out pixels);
        }

        JpegPixels found = JpegCompleteness.Check(_file, out int end);
        if (found == JpegPixels.Damaged)
        {
            return SKCodecResult.IncompleteInput;
        }

        SKCodecResult result = TryDecode(codec, out pixels);
        if (result == SKCodecResult.Success || found != JpegPixels.Whole || _file[end..].StartsWith(JpegSegments.End))
        {
            return result;
        }

        // All pixels are there, and the decoder waited for the end marker.
        byte[] ended = [.. _file[..end], .. JpegSegments.End];
        using SKData data = SKData.CreateCopy(ended);
        using SKCodec again = SKCodec.Create(data);
        return TryDecode(again, out pixels);
    }

    private SKCodecResult TryDecode(SKCodec from, out SKBitmap? pixels)
    {
        SKAlphaType alpha = from.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Premul;
        var stored = new SKImageInfo(from.Info.Width, from.Info.Height, SKColorType.Bgra8888, alpha);
        pixels = new SKBitmap(new SKImageInfo(Width, Height, SKColorType.Bgra8888));
        SKCodecResult result = _reduction > 1 && kind is (FileKind.Png or FileKind.Bmp)
            ? PixelReduction.Decode(from, stored, pixels, _reduction)
            : from.GetPixels(stored.WithSize(Width, Height), pixels.GetPixels(), pixels.RowBytes, SKCodecOptions.Default);
        if (result != SKCodecResult.Success)
        {
            pixels.Dispose();
            pixels = null;
        }

        return result;
    }
}
