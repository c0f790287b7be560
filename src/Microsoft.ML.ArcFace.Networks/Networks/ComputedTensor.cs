using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Networks;

/// <summary>A tensor of float32 that is computed whenever it is read, and kept by nobody.</summary>
/// <param name="shape">Its sizes.</param>
/// <param name="compute">Makes the values, row by row.</param>
internal sealed class ComputedTensor(long[] shape, Func<float[]> compute) : StateTensor(ElementType.Float32, shape)
{
    public override void Read(ChunkAction read)
    {
        const int largestPiece = 1 << 20;
        float[] values = compute();
        for (int begin = 0; begin < values.Length; begin += largestPiece)
        {
            read(MemoryMarshal.AsBytes(values.AsSpan(begin, Math.Min(largestPiece, values.Length - begin))));
        }
    }

    public override float[] ToSingles() => compute();
}
