using SkiaSharp;

namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>Turns pixels as a viewer shows them (EXIF 2.3, tag 0x0112).</summary>
internal static class Upright
{
    public static bool IsTurned(SKEncodedOrigin origin) => origin is not (SKEncodedOrigin.Default or SKEncodedOrigin.TopLeft);

    /// <summary>Returns the pixels upright; the bitmap as stored is disposed of if it had to be turned.</summary>
    public static unsafe SKBitmap Turn(SKBitmap stored, SKEncodedOrigin origin)
    {
        if (!IsTurned(origin))
        {
            return stored;
        }

        using (stored)
        {
            bool isSideways = origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
            (int width, int height) = isSideways ? (stored.Height, stored.Width) : (stored.Width, stored.Height);
            int row = stored.Width, right = stored.Width - 1, bottom = (stored.Height - 1) * row;

            // Where the upright picture's first pixel is stored, and how far from each pixel its right and its lower neighbour are.
            (int start, int toRight, int toBelow) = origin switch
            {
                SKEncodedOrigin.TopRight => (right, -1, row),
                SKEncodedOrigin.BottomRight => (bottom + right, -1, -row),
                SKEncodedOrigin.BottomLeft => (bottom, 1, -row),
                SKEncodedOrigin.LeftTop => (0, row, 1),
                SKEncodedOrigin.RightTop => (bottom, -row, 1),
                SKEncodedOrigin.RightBottom => (bottom + right, -row, -1),
                SKEncodedOrigin.LeftBottom => (right, row, -1),
                _ => throw new ArgumentOutOfRangeException(nameof(origin), origin, "There are eight orientations."),
            };
            var upright = new SKBitmap(stored.Info.WithSize(width, height));
            int* from = (int*)stored.GetPixels(), to = (int*)upright.GetPixels();
            for (int y = 0; y < height; y++)
            {
                int* pixel = from + start + (y * toBelow);
                for (int x = 0; x < width; x++, pixel += toRight)
                {
                    *to++ = *pixel;
                }
            }

            return upright;
        }
    }
}
