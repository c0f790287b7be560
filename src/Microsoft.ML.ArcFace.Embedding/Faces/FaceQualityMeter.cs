using Microsoft.ML.ArcFace.Alignment;
using Microsoft.ML.ArcFace.Data;

namespace Microsoft.ML.ArcFace.Faces;

/// <summary>Measures a face that was brought to the template.</summary>
internal static class FaceQualityMeter
{
    /// <summary>The part of an aligned face that is looked at: from above the eyes to below the mouth, without hair and background.</summary>
    private const int Left = 28, Top = 36, Right = 84, Bottom = 104;

    /// <summary>Below this standard deviation of brightness, of 255, there is nothing whose detail could be told.</summary>
    private const double Flat = 0.5;

    /// <summary>Measures what can be seen of a face.</summary>
    /// <param name="rgb">112×112 RGB.</param>
    /// <param name="landmarks">Ten numbers in pixels of the photograph; null: not known.</param>
    /// <param name="detectionScore">The detector's score; null: not known.</param>
    /// <param name="embeddingNorm">The length of the embedding, where it means quality; null: it does not.</param>
    public static FaceQuality Measure(ReadOnlySpan<byte> rgb, IReadOnlyList<float>? landmarks, double? detectionScore, double? embeddingNorm)
    {
        (double brightness, double sharpness) = Look(rgb);
        FacePose? pose = landmarks is null ? null : FacePose.Of(landmarks);
        return new FaceQuality
        {
            Size = landmarks is not null && FaceTemplate.Fit([.. landmarks.Select(value => (double)value)]) is { } transform ? FaceTensor.Size / transform.Scale : null,
            Sharpness = sharpness,
            Brightness = brightness,
            Yaw = pose?.Yaw,
            Pitch = pose?.Pitch,
            Roll = pose?.Roll,
            DetectionScore = detectionScore,
            EmbeddingNorm = embeddingNorm,
        };
    }

    private static (double Brightness, double Sharpness) Look(ReadOnlySpan<byte> rgb)
    {
        // The part and one pixel around it, which the Laplacian of its edges reads.
        const int width = Right - Left + 2, height = Bottom - Top + 2, pixels = (Right - Left) * (Bottom - Top);
        Span<double> luma = stackalloc double[width * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                luma[(y * width) + x] = Luma(rgb, Left - 1 + x, Top - 1 + y);
            }
        }

        double sum = 0, squares = 0, details = 0;
        for (int y = 1; y < height - 1; y++)
        {
            for (int x = 1; x < width - 1; x++)
            {
                int at = (y * width) + x;
                double here = luma[at], laplacian = luma[at - 1] + luma[at + 1] + luma[at - width] + luma[at + width] - (4 * here);
                sum += here;
                squares += here * here;
                details += laplacian * laplacian;
            }
        }

        double mean = sum / pixels, deviation = Math.Sqrt(Math.Max((squares / pixels) - (mean * mean), 0));
        return (mean, deviation < Flat ? 0 : Math.Sqrt(details / pixels) / deviation);
    }

    private static double Luma(ReadOnlySpan<byte> rgb, int x, int y)
    {
        int at = ((y * FaceTensor.Size) + x) * FaceTensor.Channels;
        return (0.299 * rgb[at]) + (0.587 * rgb[at + 1]) + (0.114 * rgb[at + 2]);
    }
}
