namespace Microsoft.ML.ArcFace.Data;

/// <summary>Reduces faces to fewer pixels and enlarges them again: what is left of a face that is small on a photograph.</summary>
internal static class FaceReduction
{
    private const int Size = FaceTensor.Size, Channels = FaceTensor.Channels;

    /// <summary>Changes a face in place: averages of areas, enlarged bilinearly.</summary>
    /// <param name="face">112×112 interleaved RGB bytes.</param>
    /// <param name="pixels">Rows and columns that are left, 2 to 112.</param>
    public static void Apply(Span<byte> face, int pixels)
    {
        float[] rows = new float[pixels * Size * Channels], small = new float[pixels * pixels * Channels];
        for (int row = 0; row < pixels; row++)
        {
            (float begin, float end) = ((float)row * Size / pixels, (row + 1f) * Size / pixels);
            for (int from = (int)begin; from < end; from++)
            {
                float share = (Math.Min(from + 1, end) - Math.Max(from, begin)) / (end - begin);
                for (int i = 0; i < Size * Channels; i++)
                {
                    rows[(row * Size * Channels) + i] += share * face[(from * Size * Channels) + i];
                }
            }

            for (int column = 0; column < pixels; column++)
            {
                (float left, float right) = ((float)column * Size / pixels, (column + 1f) * Size / pixels);
                for (int from = (int)left; from < right; from++)
                {
                    float share = (Math.Min(from + 1, right) - Math.Max(from, left)) / (right - left);
                    for (int channel = 0; channel < Channels; channel++)
                    {
                        small[(((row * pixels) + column) * Channels) + channel] += share * rows[(((row * Size) + from) * Channels) + channel];
                    }
                }
            }
        }

        Enlarge(small, pixels, face);
    }

    private static void Enlarge(float[] small, int pixels, Span<byte> face)
    {
        for (int y = 0; y < Size; y++)
        {
            (int top, float lower) = PlaceOf(y, pixels);
            for (int x = 0; x < Size; x++)
            {
                (int left, float right) = PlaceOf(x, pixels);
                for (int channel = 0; channel < Channels; channel++)
                {
                    float above = Between(small[At(top, left)], small[At(top, left + 1)], right), below = Between(small[At(top + 1, left)], small[At(top + 1, left + 1)], right);
                    face[(((y * Size) + x) * Channels) + channel] = (byte)MathF.Round(Between(above, below, lower));

                    int At(int row, int column) => (((row * pixels) + column) * Channels) + channel;
                }
            }
        }
    }

    private static (int Index, float Share) PlaceOf(int position, int pixels)
    {
        float place = Math.Clamp(((position + 0.5f) * pixels / Size) - 0.5f, 0, pixels - 1);
        int index = Math.Min((int)place, pixels - 2);
        return (index, place - index);
    }

    private static float Between(float first, float second, float share) => first + (share * (second - first));
}
