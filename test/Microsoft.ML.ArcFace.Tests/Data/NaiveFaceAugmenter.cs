namespace Microsoft.ML.ArcFace.Tests.Data;

/// <summary>The twin of <see cref="ArcFace.Data.FaceAugmenter"/> that computes one colour of one pixel after the other.</summary>
internal static class NaiveFaceAugmenter
{
    private const int Size = 112;
    private const float Centre = (Size - 1) / 2f;

    public static byte[] Apply(FaceAugmentation augmentation, byte[] face, Random random)
    {
        bool mirror = random.Next(2) == 1;
        double angle = Deviation(augmentation.RotationDegrees) * Math.PI / 180, scale = 1 + Deviation(augmentation.ScaleFraction);
        float shiftX = (float)Deviation(augmentation.ShiftPixels), shiftY = (float)Deviation(augmentation.ShiftPixels);
        float cos = (float)(Math.Cos(angle) / scale), sin = (float)(Math.Sin(angle) / scale);
        byte[] warped = new byte[face.Length];
        for (int i = 0; i < face.Length; i++)
        {
            float dx = (i / 3 % Size) - Centre - shiftX, dy = (i / 3 / Size) - Centre - shiftY;
            float x = Math.Clamp((cos * dx) + (sin * dy) + Centre, 0, Size - 1), y = Math.Clamp((cos * dy) - (sin * dx) + Centre, 0, Size - 1);
            warped[i] = Rounded(Bilinear(mirror ? Size - 1 - x : x, y, i % 3));
        }

        float brightness = 1 + (float)Deviation(augmentation.BrightnessFraction), contrast = 1 + (float)Deviation(augmentation.ContrastFraction);
        float saturation = 1 + (float)Deviation(augmentation.SaturationFraction);
        saturation = random.NextDouble() < augmentation.GreyProbability ? 0 : saturation;
        float mean = Luma(Sum(0), Sum(1), Sum(2)) / (Size * Size);
        float gain = brightness * contrast, offset = brightness * (1 - contrast) * mean;
        return [.. warped.Select((value, i) =>
        {
            float luma = Luma(warped[i / 3 * 3], warped[(i / 3 * 3) + 1], warped[(i / 3 * 3) + 2]);
            return Rounded(Math.Clamp((gain * (luma + (saturation * (value - luma)))) + offset, 0, 255));
        })];

        double Deviation(double largest) => largest * ((2 * random.NextDouble()) - 1);

        int Sum(int channel) => warped.Where((_, i) => i % 3 == channel).Sum(value => value);

        float Bilinear(float x, float y, int channel)
        {
            int left = Math.Min((int)x, Size - 2), top = Math.Min((int)y, Size - 2);
            float upper = At(top, left) + ((x - left) * (At(top, left + 1) - At(top, left)));
            float lower = At(top + 1, left) + ((x - left) * (At(top + 1, left + 1) - At(top + 1, left)));
            return upper + ((y - top) * (lower - upper));

            float At(int row, int column) => face[(((row * Size) + column) * 3) + channel];
        }
    }

    private static float Luma(float red, float green, float blue) => (0.299f * red) + (0.587f * green) + (0.114f * blue);

    private static byte Rounded(float value) => (byte)(value + 0.5f);
}
