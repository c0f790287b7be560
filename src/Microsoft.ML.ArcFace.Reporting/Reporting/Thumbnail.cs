using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>A small JPEG of a photograph, without what its file says of place, time and camera.</summary>
internal static class Thumbnail
{
    private const int Quality = 85;

    /// <summary>The picture as a data URI, its longest side at most that long.</summary>
    public static string DataUri(MLImage image, int longestSide)
    {
        double scale = Math.Min(1, (double)longestSide / Math.Max(image.Width, image.Height));
        (int width, int height) = (Math.Max(1, (int)Math.Round(image.Width * scale)), Math.Max(1, (int)Math.Round(image.Height * scale)));
        byte[] pixels = FaceResizer.Resize(image.Pixels, image.Width, image.Width, image.Height, width, height);
        SKColorType order = image.PixelFormat == MLPixelFormat.Rgba32 ? SKColorType.Rgba8888 : SKColorType.Bgra8888;
        using SKImage encodable = SKImage.FromPixelCopy(new SKImageInfo(width, height, order, SKAlphaType.Opaque), pixels);
        using SKData jpeg = encodable.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return "data:image/jpeg;base64," + Convert.ToBase64String(jpeg.AsSpan());
    }
}
