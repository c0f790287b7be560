using System.Runtime.CompilerServices;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>Applies a <see cref="FaceAugmentation"/> to faces of 112×112 interleaved RGB bytes.</summary>
internal sealed class FaceAugmenter(FaceAugmentation augmentation)
{
    private const int Size = FaceTensor.Size;

    // ITU-R BT.601 luma weights.
    private const float LumaRed = 0.299f, LumaGreen = 0.587f, LumaBlue = 0.114f;

    /// <summary>Writes a changed copy of <paramref name="source"/> to <paramref name="target"/>; the two must not overlap.</summary>
    public void Apply(ReadOnlySpan<byte> source, Span<byte> target, Random random)
    {
        bool mirror = augmentation.Mirror && random.Next(2) == 1;
        if (augmentation.IsGeometric)
        {
            Warp(source, target, mirror, random);
        }
        else if (mirror)
        {
            FaceTensor.Mirror(source, target);
        }
        else
        {
            source.CopyTo(target);
        }

        if (augmentation.IsPhotometric)
        {
            ChangeLight(target, random);
        }

        if (random.NextDouble() < augmentation.ErasingProbability)
        {
            Erase(target, random);
        }
    }

    /// <summary>A similarity transform about the centre, bilinear; beyond the border its nearest pixel is repeated.</summary>
    private void Warp(ReadOnlySpan<byte> source, Span<byte> target, bool mirror, Random random)
    {
        double angle = Deviation(random, augmentation.RotationDegrees) * Math.PI / 180;
        double scale = 1 + Deviation(random, augmentation.ScaleFraction);
        double shiftX = Deviation(random, augmentation.ShiftPixels), shiftY = Deviation(random, augmentation.ShiftPixels);
        float cos = (float)(Math.Cos(angle) / scale), sin = (float)(Math.Sin(angle) / scale);
        const float Centre = (Size - 1) / 2f;

        for (int y = 0; y < Size; y++)
        {
            for (int x = 0; x < Size; x++)
            {
                // Where this pixel comes from in the source.
                float dx = x - Centre - (float)shiftX, dy = y - Centre - (float)shiftY;
                float sourceX = Math.Clamp((cos * dx) + (sin * dy) + Centre, 0, Size - 1);
                float sourceY = Math.Clamp((cos * dy) - (sin * dx) + Centre, 0, Size - 1);
                if (mirror)
                {
                    sourceX = Size - 1 - sourceX;
                }

                int left = Math.Min((int)sourceX, Size - 2), top = Math.Min((int)sourceY, Size - 2);
                float right = sourceX - left, bottom = sourceY - top;
                int corner = ((top * Size) + left) * 3;
                int position = ((y * Size) + x) * 3;
                for (int channel = 0; channel < 3; channel++)
                {
                    int at = corner + channel;
                    float upper = source[at] + (right * (source[at + 3] - source[at]));
                    float lower = source[at + (Size * 3)] + (right * (source[at + (Size * 3) + 3] - source[at + (Size * 3)]));
                    target[position + channel] = (byte)(upper + (bottom * (lower - upper)) + 0.5f);
                }
            }
        }
    }

    /// <summary>Saturation, then contrast around the mean, then brightness, as one affine map per channel and pixel.</summary>
    private void ChangeLight(Span<byte> face, Random random)
    {
        float brightness = 1 + (float)Deviation(random, augmentation.BrightnessFraction);
        float contrast = 1 + (float)Deviation(random, augmentation.ContrastFraction);
        float saturation = 1 + (float)Deviation(random, augmentation.SaturationFraction);
        if (random.NextDouble() < augmentation.GreyProbability)
        {
            saturation = 0;
        }

        float mean = 0;
        for (int i = 0; i < face.Length; i += 3)
        {
            mean += Luma(face, i);
        }

        mean /= Size * Size;
        float gain = brightness * contrast, offset = brightness * (1 - contrast) * mean;
        for (int i = 0; i < face.Length; i += 3)
        {
            float luma = Luma(face, i);
            for (int channel = 0; channel < 3; channel++)
            {
                float saturated = luma + (saturation * (face[i + channel] - luma));
                face[i + channel] = (byte)Math.Clamp((gain * saturated) + offset + 0.5f, 0, 255);
            }
        }
    }

    private static void Erase(Span<byte> face, Random random)
    {
        double area = Size * Size * (0.02 + (0.13 * random.NextDouble()));
        double aspect = Math.Exp((random.NextDouble() - 0.5) * 2 * Math.Log(3));
        int height = Math.Clamp((int)Math.Sqrt(area * aspect), 1, Size), width = Math.Clamp((int)Math.Sqrt(area / aspect), 1, Size);
        int top = random.Next(Size - height + 1), left = random.Next(Size - width + 1);
        for (int y = top; y < top + height; y++)
        {
            random.NextBytes(face.Slice(((y * Size) + left) * 3, width * 3));
        }
    }

    private static double Deviation(Random random, double largest) => largest * ((2 * random.NextDouble()) - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Luma(ReadOnlySpan<byte> face, int at) =>
        (LumaRed * face[at]) + (LumaGreen * face[at + 1]) + (LumaBlue * face[at + 2]);
}
