using SkiaSharp;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>Brings an image of any size to the size of a face.</summary>
internal static class FaceResizer
{
    private const int BytesPerPixel = 4;

    /// <summary>Crops to the central square and resizes it to 112×112, smoothly both ways.</summary>
    /// <param name="pixels">Four bytes a pixel, in any channel order, rows without padding.</param>
    /// <param name="width">Width of the image in pixels.</param>
    /// <param name="height">Height of the image in pixels.</param>
    /// <returns>112×112 pixels of four bytes in the same channel order; the fourth byte has no meaning.</returns>
    public static unsafe byte[] CropAndResize(ReadOnlySpan<byte> pixels, int width, int height)
    {
        int side = Math.Min(width, height);
        var square = SKRectI.Create((width - side) / 2, (height - side) / 2, side, side);
        var resized = new byte[FaceTensor.Size * FaceTensor.Size * BytesPerPixel];
        fixed (byte* source = pixels, target = resized)
        {
            using var image = new SKPixmap(Describe(width, height), (IntPtr)source, width * BytesPerPixel);
            using SKPixmap cropped = image.ExtractSubset(square);
            using var face = new SKPixmap(Describe(FaceTensor.Size, FaceTensor.Size), (IntPtr)target, FaceTensor.Size * BytesPerPixel);
            cropped.ScalePixels(face, SKFilterQuality.High);
        }

        return resized;
    }

    // Opaque: the colours are to be resized as they are, whatever the fourth byte says.
    private static SKImageInfo Describe(int width, int height) => new(width, height, SKColorType.Bgra8888, SKAlphaType.Opaque);
}
