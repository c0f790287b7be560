using System.Numerics;
using Microsoft.ML.ArcFace.Data;

namespace Microsoft.ML.ArcFace.Alignment;

/// <summary>
/// Brings a face to the template by a similarity transform. Between pixels it interpolates linearly; where the face
/// shrinks, the kernel grows with the spacing of the target's pixels, so that finer detail is averaged, not folded back.
/// </summary>
internal static class FaceWarp
{
    private const int BytesPerPixel = 4;

    /// <summary>Beyond this shrinking the image is halved first, exactly, which is what the kernel would come to.</summary>
    private const double LargestStretch = 4;

    /// <param name="pixels">Four bytes a pixel, in any channel order, rows without padding.</param>
    /// <param name="width">Width of the image in pixels.</param>
    /// <param name="height">Height of the image in pixels.</param>
    /// <param name="toTemplate">From the image's pixel centres to the template's.</param>
    /// <param name="border">What lies outside of the image.</param>
    /// <returns>112×112 pixels of four bytes in the same channel order.</returns>
    public static byte[] Apply(ReadOnlySpan<byte> pixels, int width, int height, SimilarityTransform toTemplate, AlignmentBorder border)
    {
        while (1 / toTemplate.Scale > LargestStretch)
        {
            pixels = Halve(pixels, width, height);
            (width, height) = ((width + 1) / 2, (height + 1) / 2);

            // Pixel centre u of the half is 2u + ½ of the whole.
            (double x, double y) = toTemplate.Apply(0.5, 0.5);
            toTemplate = new SimilarityTransform(2 * toTemplate.A, 2 * toTemplate.B, x, y);
        }

        SimilarityTransform fromTemplate = toTemplate.Inverse();
        double radius = Math.Max(1, fromTemplate.Scale);
        const int size = FaceTensor.Size;
        var aligned = new byte[size * size * BytesPerPixel];
        for (int row = 0; row < size; row++)
        {
            for (int column = 0; column < size; column++)
            {
                (double x, double y) = fromTemplate.Apply(column, row);
                Vector4 colour = Sample(pixels, width, height, x, y, radius, border);
                for (int channel = 0; channel < BytesPerPixel; channel++)
                {
                    aligned[(((row * size) + column) * BytesPerPixel) + channel] = (byte)MathF.Round(colour[channel]);
                }
            }
        }

        return aligned;
    }

    /// <summary>The image around a point under a triangle of that radius, in both directions.</summary>
    private static Vector4 Sample(ReadOnlySpan<byte> pixels, int width, int height, double x, double y, double radius, AlignmentBorder border)
    {
        if (border == AlignmentBorder.Replicate)
        {
            // Farther out there is nothing but the border's pixels.
            x = Math.Clamp(x, -radius, width - 1 + radius);
            y = Math.Clamp(y, -radius, height - 1 + radius);
        }
        else if (!(x > -radius && y > -radius && x < width - 1 + radius && y < height - 1 + radius))
        {
            return Vector4.Zero;
        }

        int left = (int)Math.Ceiling(x - radius), right = (int)Math.Floor(x + radius);
        int top = (int)Math.Ceiling(y - radius), bottom = (int)Math.Floor(y + radius);
        Vector4 sum = Vector4.Zero;
        float total = 0;
        for (int sourceY = top; sourceY <= bottom; sourceY++)
        {
            float weightY = (float)(1 - (Math.Abs(sourceY - y) / radius));
            for (int sourceX = left; sourceX <= right; sourceX++)
            {
                float weight = weightY * (float)(1 - (Math.Abs(sourceX - x) / radius));
                total += weight;
                if (border == AlignmentBorder.Replicate || (sourceX >= 0 && sourceY >= 0 && sourceX < width && sourceY < height))
                {
                    int at = ((Math.Clamp(sourceY, 0, height - 1) * width) + Math.Clamp(sourceX, 0, width - 1)) * BytesPerPixel;
                    sum += weight * new Vector4(pixels[at], pixels[at + 1], pixels[at + 2], pixels[at + 3]);
                }
            }
        }

        return total > 0 ? sum / total : Vector4.Zero;
    }

    /// <summary>The mean of every two by two pixels; a last odd row or column counts twice.</summary>
    private static byte[] Halve(ReadOnlySpan<byte> pixels, int width, int height)
    {
        int halfWidth = (width + 1) / 2, halfHeight = (height + 1) / 2;
        var half = new byte[halfWidth * halfHeight * BytesPerPixel];
        for (int y = 0; y < halfHeight; y++)
        {
            int first = 2 * y * width, second = Math.Min((2 * y) + 1, height - 1) * width;
            for (int x = 0; x < halfWidth; x++)
            {
                int left = 2 * x, right = Math.Min((2 * x) + 1, width - 1);
                for (int channel = 0; channel < BytesPerPixel; channel++)
                {
                    int sum = pixels[((first + left) * BytesPerPixel) + channel] + pixels[((first + right) * BytesPerPixel) + channel]
                        + pixels[((second + left) * BytesPerPixel) + channel] + pixels[((second + right) * BytesPerPixel) + channel];
                    half[(((y * halfWidth) + x) * BytesPerPixel) + channel] = (byte)((sum + 2) / 4);
                }
            }
        }

        return half;
    }
}
