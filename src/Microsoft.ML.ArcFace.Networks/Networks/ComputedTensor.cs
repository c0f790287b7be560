using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Networks;

/// <summary>Computes rows of a tensor, from <paramref name="first"/> on, as many as there is room for.</summary>
internal delegate void RowsAction(int first, Span<float> rows);

/// <summary>A tensor of float32 whose rows are computed whenever they are read, and kept by nobody.</summary>
/// <param name="shape">Its sizes, at least one.</param>
/// <param name="compute">Computes rows; several threads may ask for some at once.</param>
internal sealed class ComputedTensor(long[] shape, RowsAction compute) : StateTensor(ElementType.Float32, shape)
{
    private const int LargestPiece = 1 << 18;

    public override void Read(ChunkAction read)
    {
        int rowsOfPiece = (int)Math.Clamp(LargestPiece / Math.Max(1, RowLength), 1, Math.Max(1, Shape[0]));
        float[] piece = new float[rowsOfPiece * RowLength];
        for (int first = 0; first < Shape[0]; first += rowsOfPiece)
        {
            Span<float> rows = piece.AsSpan(0, (int)(Math.Min(rowsOfPiece, Shape[0] - first) * RowLength));
            compute(first, rows);
            read(MemoryMarshal.AsBytes(rows));
        }
    }

    protected override void CopySingles(int first, Span<float> rows) => compute(first, rows);
}
