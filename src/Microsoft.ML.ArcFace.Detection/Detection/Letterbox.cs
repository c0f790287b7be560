using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Detection;

/// <summary>
/// How a photograph lies in what the network sees: in the upper left corner, in its own proportions, black beside and
/// below it up to a size that the network takes.
/// </summary>
/// <param name="PhotographWidth">Width of the photograph in pixels.</param>
/// <param name="PhotographHeight">Height of the photograph in pixels.</param>
/// <param name="ContentWidth">Width of the photograph within the box.</param>
/// <param name="ContentHeight">Height of the photograph within the box.</param>
/// <param name="Width">Width of the box.</param>
/// <param name="Height">Height of the box.</param>
internal readonly record struct Letterbox(int PhotographWidth, int PhotographHeight, int ContentWidth, int ContentHeight, int Width, int Height)
{
    /// <summary>Sides of the box are multiples of the largest stride.</summary>
    public const int SideStep = 32;

    private const int BytesPerPixel = 4;

    private double ScaleX => (double)ContentWidth / PhotographWidth;

    private double ScaleY => (double)ContentHeight / PhotographHeight;

    /// <summary>The box of a photograph.</summary>
    /// <param name="width">Width of the photograph in pixels.</param>
    /// <param name="height">Height of the photograph in pixels.</param>
    /// <param name="longestSide">The longest side that the photograph may have in the box.</param>
    /// <param name="enlarges">Whether a smaller one is made that large.</param>
    /// <param name="fixedSize">The only size that the network takes; null: any.</param>
    public static Letterbox Of(int width, int height, int longestSide, bool enlarges, (int Width, int Height)? fixedSize)
    {
        (int mostWidth, int mostHeight) = (Math.Min(longestSide, fixedSize?.Width ?? longestSide), Math.Min(longestSide, fixedSize?.Height ?? longestSide));
        double scale = Math.Min((double)mostWidth / width, (double)mostHeight / height);
        if (scale > 1 && !enlarges)
        {
            scale = 1;
        }

        // Rounding must neither lose a thin side nor pass the limit.
        int contentWidth = Math.Clamp((int)Math.Round(width * scale), 1, mostWidth), contentHeight = Math.Clamp((int)Math.Round(height * scale), 1, mostHeight);
        return new Letterbox(width, height, contentWidth, contentHeight, fixedSize?.Width ?? RoundUp(contentWidth), fixedSize?.Height ?? RoundUp(contentHeight));
    }

    /// <summary>A face of the box as it lies in the photograph: pixel centres fall on each other.</summary>
    public DetectedFace ToPhotograph(DetectedFace face)
    {
        var landmarks = new float[face.Landmarks.Length];
        for (int i = 0; i < landmarks.Length; i += 2)
        {
            landmarks[i] = Back(face.Landmarks[i], ScaleX);
            landmarks[i + 1] = Back(face.Landmarks[i + 1], ScaleY);
        }

        return new DetectedFace(
            Back(face.X, ScaleX), Back(face.Y, ScaleY), (float)(face.Width / ScaleX), (float)(face.Height / ScaleY), face.Score, landmarks);
    }

    /// <summary>The network's input, [3, Height, Width] or, interleaved, [Height, Width, 3].</summary>
    public float[] ToInput(MLImage image, PixelScaling scaling, bool isInterleaved)
    {
        (int red, int blue) = FaceTensor.PlacesOfColours(image);
        ReadOnlySpan<byte> pixels = ContentWidth == PhotographWidth && ContentHeight == PhotographHeight
            ? image.Pixels
            : FaceResizer.Resize(image.Pixels, PhotographWidth, PhotographWidth, PhotographHeight, ContentWidth, ContentHeight);
        var input = new float[3 * Width * Height];
        Array.Fill(input, scaling.Apply(0));
        (int channelStep, int pixelStep) = isInterleaved ? (1, 3) : (Width * Height, 1);
        ReadOnlySpan<int> places = scaling.IsRedFirst ? [red, 1, blue] : [blue, 1, red];
        for (int channel = 0; channel < places.Length; channel++)
        {
            for (int y = 0; y < ContentHeight; y++)
            {
                ReadOnlySpan<byte> row = pixels.Slice(y * ContentWidth * BytesPerPixel, ContentWidth * BytesPerPixel);
                int target = (channel * channelStep) + (y * Width * pixelStep);
                for (int at = places[channel]; at < row.Length; at += BytesPerPixel, target += pixelStep)
                {
                    input[target] = scaling.Apply(row[at]);
                }
            }
        }

        return input;
    }

    // Pixel x covers [x, x + 1), so that its centre is at x + ½ of either.
    private static float Back(float value, double scale) => (float)(((value + 0.5) / scale) - 0.5);

    private static int RoundUp(int side) => (side + SideStep - 1) / SideStep * SideStep;
}

/// <summary>What a network makes of pixel values: (value − Mean) / Divisor.</summary>
/// <param name="IsRedFirst">Red, green, blue; otherwise blue, green, red.</param>
/// <param name="Mean">Taken off.</param>
/// <param name="Divisor">What the difference is divided by.</param>
internal sealed record PixelScaling(bool IsRedFirst, float Mean, float Divisor)
{
    public float Apply(byte value) => (value - Mean) / Divisor;
}
