using System.Runtime.InteropServices;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>A tensor in managed memory.</summary>
internal sealed class PlainTensor<T> : WritableTensor
    where T : unmanaged
{
    private const int LargestPiece = 1 << 20;

    private PlainTensor(ElementType type, long[] shape, T[] values)
        : base(type, shape) => Values = values;

    /// <summary>The elements, row by row.</summary>
    public T[] Values { get; }

    internal static PlainTensor<T> Of(ElementType type, long[] shape, T[] values) => values.Length == PlainTensor.CountOf(shape)
        ? new PlainTensor<T>(type, shape, values)
        : throw new ArgumentException($"A tensor [{string.Join(", ", shape)}] has {PlainTensor.CountOf(shape)} elements; {values.Length} were given.", nameof(values));

    public override void Read(ChunkAction read) => ForEachPiece(read);

    public override void Write(ChunkAction write) => ForEachPiece(write);

    protected override void CopySingles(int first, Span<float> rows) =>
        MemoryMarshal.Cast<T, float>(Values.AsSpan(checked((int)(first * RowLength)), rows.Length)).CopyTo(rows);

    private void ForEachPiece(ChunkAction action)
    {
        for (int begin = 0; begin < Values.Length; begin += LargestPiece)
        {
            action(MemoryMarshal.AsBytes(Values.AsSpan(begin, Math.Min(LargestPiece, Values.Length - begin))));
        }
    }
}

/// <summary>Makes tensors in managed memory.</summary>
internal static class PlainTensor
{
    /// <summary>A tensor of float32 over values that are not copied.</summary>
    public static PlainTensor<float> Of(long[] shape, float[] values) => PlainTensor<float>.Of(ElementType.Float32, shape, values);

    /// <summary>A tensor of whole numbers over values that are not copied.</summary>
    public static PlainTensor<long> Of(long[] shape, long[] values) => PlainTensor<long>.Of(ElementType.Int64, shape, values);

    /// <summary>A tensor of zeros.</summary>
    public static WritableTensor Zeros(ElementType type, long[] shape)
    {
        long count = CountOf(shape);
        return type switch
        {
            ElementType.Float64 => PlainTensor<double>.Of(type, shape, new double[count]),
            ElementType.Float32 => Of(shape, new float[count]),
            ElementType.Float16 or ElementType.BFloat16 => PlainTensor<ushort>.Of(type, shape, new ushort[count]),
            ElementType.Int64 => Of(shape, new long[count]),
            ElementType.Int32 => PlainTensor<int>.Of(type, shape, new int[count]),
            ElementType.Int16 => PlainTensor<short>.Of(type, shape, new short[count]),
            ElementType.Int8 => PlainTensor<sbyte>.Of(type, shape, new sbyte[count]),
            _ => PlainTensor<byte>.Of(type, shape, new byte[count]),
        };
    }

    internal static long CountOf(long[] shape) => shape.Aggregate(1L, (product, size) => checked(product * size));
}
