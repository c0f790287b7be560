using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>A tensor in a temporary file, whose owner disposes of it.</summary>
internal sealed class FileTensor(ElementType type, long[] shape, UnnamedFile file, long position) : WritableTensor(type, shape)
{
    /// <summary>Bytes that are in memory at a time: few enough to stay in the cache while they are read, hashed and written.</summary>
    private const int LargestPiece = 1 << 18;

    public override void Read(ChunkAction read) => ForEachPiece((at, bytes) =>
    {
        file.Read(at, bytes);
        read(bytes);
    });

    public override void Write(ChunkAction write) => ForEachPiece((at, bytes) =>
    {
        write(bytes);
        file.Write(at, bytes);
    });

    protected override void CopySingles(int first, Span<float> rows) => file.Read(position + (first * RowLength * sizeof(float)), MemoryMarshal.AsBytes(rows));

    private void ForEachPiece(PieceAction action)
    {
        long length = Count * SafetensorsType.SizeOf(Type);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, LargestPiece));
        for (long begin = 0; begin < length; begin += LargestPiece)
        {
            action(position + begin, buffer.AsSpan(0, (int)Math.Min(length - begin, LargestPiece)));
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private delegate void PieceAction(long position, Span<byte> bytes);
}
