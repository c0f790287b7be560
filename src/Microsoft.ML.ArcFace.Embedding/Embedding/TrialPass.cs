using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Data;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Shows a recognizer of others two pictures before it is used: weights that are damaged or were never trained show in what it makes of them.</summary>
internal static class TrialPass
{
    /// <summary>How many pictures there are.</summary>
    public const int Count = 2;

    /// <summary>The difference of two embeddings, as a share of their largest number, up to which rounding alone explains it.</summary>
    private const float Rounding = 1e-6f;

    /// <summary>A side of the squares of one color in a picture; photographs do not change from pixel to pixel either.</summary>
    private const int SquareSide = 8;

    /// <summary>Makes the bytes of the pictures, each of squares in random colors, so that they have nothing in common.</summary>
    public static byte[] Pictures()
    {
        const int squares = FaceTensor.Size / SquareSide;
        byte[] pictures = new byte[Count * FaceTensor.ByteCount], colors = new byte[Count * squares * squares * FaceTensor.Channels];
        new Random(1).NextBytes(colors);
        for (int i = 0; i < pictures.Length; i++)
        {
            (int picture, int inPicture) = Math.DivRem(i, FaceTensor.ByteCount);
            (int row, int column) = Math.DivRem(inPicture / FaceTensor.Channels, FaceTensor.Size);
            int square = (((picture * squares) + (row / SquareSide)) * squares) + (column / SquareSide);
            pictures[i] = colors[(square * FaceTensor.Channels) + (inPicture % FaceTensor.Channels)];
        }

        return pictures;
    }

    /// <summary>Says what is wrong with a recognizer that makes such embeddings of the pictures; null if nothing is.</summary>
    /// <param name="embeddings">[2, d], not normalized.</param>
    public static string? Fault(float[] embeddings)
    {
        int size = embeddings.Length / Count;
        ReadOnlySpan<float> first = embeddings.AsSpan(0, size), second = embeddings.AsSpan(size);
        if (Array.Find(embeddings, number => !float.IsFinite(number)) is var wrong && !float.IsFinite(wrong))
        {
            return FormattableString.Invariant($"it makes {embeddings.Count(number => !float.IsFinite(number))} of {embeddings.Length} numbers {wrong} of two pictures of random colors. The file is damaged, or its numbers grow beyond float32: export the network anew.");
        }

        float largest = Math.Abs(TensorPrimitives.MaxMagnitude<float>(embeddings));
        float[] difference = new float[size];
        TensorPrimitives.Subtract(first, second, difference);
        float farthest = Math.Abs(TensorPrimitives.MaxMagnitude<float>(difference));
        if (farthest > Rounding * largest)
        {
            return EndlessLength(first) ?? EndlessLength(second);
        }

        return FormattableString.Invariant($"it makes the same embedding of two pictures that have nothing in common: their numbers, of up to {largest:g3}, differ by {farthest:g3} at most. It would take everybody for one person. Export the network with its trained weights.");
    }

    /// <summary>Says how long an embedding is, if its squared length is beyond float32; null if it is not.</summary>
    private static string? EndlessLength(ReadOnlySpan<float> embedding)
    {
        if (float.IsFinite(TensorPrimitives.Norm(embedding)))
        {
            return null;
        }

        double sum = 0;
        foreach (float number in embedding)
        {
            sum += (double)number * number;
        }

        return FormattableString.Invariant($"it makes an embedding of length {Math.Sqrt(sum):g3} of a picture of random colors, whose square is beyond float32; it has to be below {Math.Sqrt(float.MaxValue):g3}. The file is damaged, or its weights are scaled: export the network anew.");
    }
}
