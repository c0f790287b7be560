using System.Numerics;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>
/// Brings an image to another size, resampled with Keys' cubic kernel (a = −1/2; "Cubic convolution interpolation for
/// digital image processing", 1981). On shrinking, the kernel is stretched to the spacing of the target's pixels, so
/// that detail finer than these is averaged instead of aliased: SkiaSharp's own scaling folds it back at ratios between 1 and 2, the usual ones for face crops.
/// </summary>
internal static class FaceResizer
{
    private const int BytesPerPixel = 4;
    private const double KernelRadius = 2;

    /// <summary>Crops to the central square and resizes it to 112×112.</summary>
    /// <param name="pixels">Four bytes a pixel, in any channel order, rows without padding.</param>
    /// <param name="width">Width of the image in pixels.</param>
    /// <param name="height">Height of the image in pixels.</param>
    /// <returns>112×112 pixels of four bytes in the same channel order.</returns>
    public static byte[] CropAndResize(ReadOnlySpan<byte> pixels, int width, int height)
    {
        int side = Math.Min(width, height);
        int left = (width - side) / 2;
        int top = (height - side) / 2;
        return Resize(pixels[(((top * width) + left) * BytesPerPixel)..], width, side, side, FaceTensor.Size, FaceTensor.Size);
    }

    /// <summary>Resizes an image, or a part of one.</summary>
    /// <param name="pixels">Four bytes a pixel, in any channel order, from the part's first pixel on.</param>
    /// <param name="pixelsPerRow">Pixels from the start of a row to that of the next.</param>
    /// <param name="width">Width of the part in pixels.</param>
    /// <param name="height">Height of the part in pixels.</param>
    /// <param name="newWidth">Width of the result in pixels.</param>
    /// <param name="newHeight">Height of the result in pixels.</param>
    /// <returns>newWidth·newHeight pixels of four bytes in the same channel order.</returns>
    public static byte[] Resize(ReadOnlySpan<byte> pixels, int pixelsPerRow, int width, int height, int newWidth, int newHeight)
    {
        Tap[][] columnTaps = TapsOfEachTargetPixel(width, newWidth), rowTaps = TapsOfEachTargetPixel(height, newHeight);

        // Rows first, then columns: [newHeight, newWidth]. Only the narrowed rows under the kernel are kept, in turn, for those of
        // a whole photograph are as large as itself.
        int rowsKept = rowTaps.Max(taps => taps.Length), rowsDone = 0;
        var narrowed = new Vector4[rowsKept * newWidth];
        var resized = new byte[newWidth * newHeight * BytesPerPixel];
        for (int y = 0; y < newHeight; y++)
        {
            for (; rowsDone <= rowTaps[y][^1].Source; rowsDone++)
            {
                Narrow(pixels.Slice(rowsDone * pixelsPerRow * BytesPerPixel, width * BytesPerPixel), columnTaps, narrowed.AsSpan(rowsDone % rowsKept * newWidth, newWidth));
            }

            for (int x = 0; x < newWidth; x++)
            {
                Vector4 sum = Vector4.Zero;
                foreach (Tap tap in rowTaps[y])
                {
                    sum += tap.Weight * narrowed[(tap.Source % rowsKept * newWidth) + x];
                }

                // The cubic kernel overshoots at edges.
                sum = Vector4.Clamp(sum, Vector4.Zero, new Vector4(byte.MaxValue));
                for (int channel = 0; channel < BytesPerPixel; channel++)
                {
                    resized[(((y * newWidth) + x) * BytesPerPixel) + channel] = (byte)MathF.Round(sum[channel]);
                }
            }
        }

        return resized;
    }

    private static void Narrow(ReadOnlySpan<byte> row, Tap[][] columnTaps, Span<Vector4> narrowed)
    {
        for (int x = 0; x < narrowed.Length; x++)
        {
            Vector4 sum = Vector4.Zero;
            foreach (Tap tap in columnTaps[x])
            {
                int at = tap.Source * BytesPerPixel;
                sum += tap.Weight * new Vector4(row[at], row[at + 1], row[at + 2], row[at + 3]);
            }

            narrowed[x] = sum;
        }
    }

    /// <summary>For each pixel along the target's side, the source pixels it is made of and their weights, which sum to 1.</summary>
    private static Tap[][] TapsOfEachTargetPixel(int side, int newSide)
    {
        double scale = (double)side / newSide;
        double stretch = Math.Max(scale, 1);
        var taps = new Tap[newSide][];
        for (int target = 0; target < taps.Length; target++)
        {
            double centre = (target + 0.5) * scale;
            int first = Math.Max((int)Math.Floor(centre - (KernelRadius * stretch)), 0);
            int last = Math.Min((int)Math.Ceiling(centre + (KernelRadius * stretch)), side) - 1;
            double[] weights = [.. Enumerable.Range(first, last - first + 1).Select(source => Cubic((source + 0.5 - centre) / stretch))];
            double total = weights.Sum();
            taps[target] = [.. weights.Select((weight, offset) => new Tap(first + offset, (float)(weight / total)))];
        }

        return taps;
    }

    private static double Cubic(double distance)
    {
        double x = Math.Abs(distance);
        return x switch
        {
            < 1 => (((1.5 * x) - 2.5) * x * x) + 1,
            < 2 => (((((-0.5 * x) + 2.5) * x) - 4) * x) + 2,
            _ => 0,
        };
    }

    private readonly record struct Tap(int Source, float Weight);
}
