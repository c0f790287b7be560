using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>Decides how many pixels a photograph may have, and at which part of its size it is decoded.</summary>
internal static class PixelLimit
{
    /// <summary>Most pixels of a JPEG, which can be decoded at a reduced size.</summary>
    public const long MostJpegPixels = 250_000_000;

    /// <summary>Most pixels of a photograph in another format.</summary>
    public const long MostPixels = 64_000_000;

    /// <summary>The largest limit that can be set.</summary>
    public const long LargestLimit = 1_000_000_000;

    private const int LargestJpegSide = 65_500;
    private const int SmallestPart = 8;

    /// <exception cref="FaceImageException">It has more pixels, or none.</exception>
    public static void Check(int width, int height, FileKind kind, long? maximumPixels, string source)
    {
        int side = kind == FileKind.Jpeg ? LargestJpegSide : FaceImage.LargestSide;
        long most = maximumPixels ?? (kind == FileKind.Jpeg ? MostJpegPixels : MostPixels);
        if (width < 1 || height < 1 || width > side || height > side || (long)width * height > most)
        {
            bool mayBeRaised = width is > 0 && height is > 0 && width <= side && height <= side && (long)width * height <= LargestLimit;
            string megapixels = most % 1_000_000 == 0 ? $"{most / 1_000_000} megapixels" : $"{most} pixels";
            throw new FaceImageException(source, $"it is {width}×{height} pixels",
                $"Allowed are 1 to {side} pixels a side and at most {megapixels}; make it smaller, around the face{(mayBeRaised ? ", or raise the maximum of pixels" : "")}.");
        }
    }

    /// <summary>
    /// Returns 1, 2, 4 or 8: by how much sides are divided, the least that leaves at most 32 megapixels and 16,384 pixels a
    /// side. Half of a photograph just above is still 4,000 pixels wide: six times what detectors look at unless told otherwise.
    /// </summary>
    public static int Reduction(int width, int height)
    {
        int reduction = 1;
        while (reduction < SmallestPart && ((long)Part(width, reduction) * Part(height, reduction) > FaceImage.MostDecodedPixels || Part(Math.Max(width, height), reduction) > FaceImage.LargestSide))
        {
            reduction *= 2;
        }

        return reduction;
    }

    /// <summary>Gives a side after the reduction, rounded up.</summary>
    public static int Part(int side, int reduction) => (side + reduction - 1) / reduction;
}
