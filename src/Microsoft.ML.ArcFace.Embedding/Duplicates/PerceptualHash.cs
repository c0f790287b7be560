using System.Numerics;
using System.Runtime.CompilerServices;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Duplicates;

/// <summary>
/// What a picture looks like in 256 bits that compression, another size, and a little more light hardly change: the signs of the
/// lowest frequencies of its brightness (Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010), 16 × 16
/// in place of the usual 8 × 8, because aligned faces look much alike.
/// </summary>
internal readonly record struct PerceptualHash(UInt256 Bits)
{
    public const int BitCount = Frequencies * Frequencies;

    private const int Side = 64, Frequencies = 16, BytesPerPixel = 4;

    // Cosines[k, i] = cos(π k (i + ½) / 64), the rows of the discrete cosine transform; without the constant one.
    private static readonly float[][] Cosines =
        [.. Enumerable.Range(1, Frequencies).Select(k => Enumerable.Range(0, Side).Select(i => (float)Math.Cos(Math.PI * k * (i + 0.5) / Side)).ToArray())];

    public static PerceptualHash Of(MLImage image)
    {
        byte[] pixels = FaceResizer.Resize(image.Pixels, image.Width, image.Width, image.Height, Side, Side);
        float[] frequencies = LowFrequencies(pixels);
        float median = frequencies.Order().ElementAt(BitCount / 2);
        UInt256 bits = default;
        for (int i = 0; i < BitCount; i++)
        {
            bits[i / 64] |= frequencies[i] > median ? 1UL << (i % 64) : 0;
        }

        return new PerceptualHash(bits);
    }

    /// <summary>How many bits differ, 0 to 256; about 128 between pictures that have nothing to do with each other.</summary>
    public int DistanceTo(in PerceptualHash other)
    {
        int distance = 0;
        for (int i = 0; i < 4; i++)
        {
            distance += BitOperations.PopCount(Bits[i] ^ other.Bits[i]);
        }

        return distance;
    }

    private static float[] LowFrequencies(byte[] pixels)
    {
        // Across each row, then down: [64, 16], then [16, 16].
        float[] across = new float[Side * Frequencies], both = new float[BitCount], row = new float[Side];
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
            {
                int at = ((y * Side) + x) * BytesPerPixel;
                row[x] = pixels[at] + pixels[at + 1] + pixels[at + 2];
            }

            for (int k = 0; k < Frequencies; k++)
            {
                across[(k * Side) + y] = System.Numerics.Tensors.TensorPrimitives.Dot<float>(row, Cosines[k]);
            }
        }

        for (int k = 0; k < BitCount; k++)
        {
            both[k] = System.Numerics.Tensors.TensorPrimitives.Dot<float>(across.AsSpan(k / Frequencies * Side, Side), Cosines[k % Frequencies]);
        }

        return both;
    }
}

/// <summary>256 bits in four words.</summary>
[InlineArray(4)]
internal struct UInt256
{
    private ulong _first;
}
