using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>What the camera makes of the scene: blur, lost resolution, exposure, colour cast, noise.</summary>
internal static class Camera
{
    private const int NoiseTableSize = 1 << 14;

    private static readonly sbyte[] NoiseTable = CreateNoiseTable();

    /// <summary>Takes the picture of an opaque scene and gives it as an opaque bitmap of the same size.</summary>
    public static SKBitmap Take(SKBitmap scene, Shot shot)
    {
        var picture = new SKBitmap(scene.Info);
        using (var canvas = new SKCanvas(picture))
        using (SKImageFilter blur = SKImageFilter.CreateBlur(shot.Blur, shot.Blur, SKShaderTileMode.Clamp))
        using (var paint = new SKPaint { ImageFilter = blur })
        {
            // The sharp scene underneath keeps the blur from fading at the border.
            canvas.DrawBitmap(scene, 0, 0);
            canvas.DrawBitmap(scene, 0, 0, paint);
        }

        if (shot.Resolution < scene.Width)
        {
            using SKBitmap coarse = picture.Resize(new SKImageInfo(shot.Resolution, shot.Resolution, scene.ColorType, scene.AlphaType), SKFilterQuality.Medium);
            coarse.ScalePixels(picture, SKFilterQuality.Medium);
        }

        Develop(picture.PeekPixels().GetPixelSpan<byte>(), shot);
        return picture;
    }

    private static void Develop(Span<byte> pixels, Shot shot)
    {
        int noiseAt = new SeededRandom(shot.DetailSeed, 5).Below(NoiseTableSize);
        float noiseScale = shot.Noise / 32;
        Span<float> gain = [shot.Gain.Red, shot.Gain.Green, shot.Gain.Blue];
        for (int i = 0; i < pixels.Length; i += 4)
        {
            if (shot.Grey)
            {
                byte grey = Colours.ToByte((0.299f * pixels[i]) + (0.587f * pixels[i + 1]) + (0.114f * pixels[i + 2]));
                pixels.Slice(i, 3).Fill(grey);
            }

            for (int channel = 0; channel < 3; channel++)
            {
                float value = pixels[i + channel] * (shot.Grey ? shot.Gain.Green : gain[channel]);
                value = 118 + ((value - 118) * shot.Contrast);
                noiseAt = (noiseAt + (shot.Grey && channel > 0 ? 0 : 1)) & (NoiseTableSize - 1);
                pixels[i + channel] = Colours.ToByte(value + (noiseScale * NoiseTable[noiseAt]));
            }
        }
    }

    /// <summary>Normal deviates of deviation 32.</summary>
    private static sbyte[] CreateNoiseTable()
    {
        var random = new SeededRandom(112);
        var table = new sbyte[NoiseTableSize];
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = (sbyte)Math.Clamp(random.Normal(32), -127, 127);
        }

        return table;
    }
}
