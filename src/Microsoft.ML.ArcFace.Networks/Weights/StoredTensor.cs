using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>A run of elements in a file that one or more tensors are views of.</summary>
/// <param name="Position">Where the first byte is.</param>
/// <param name="Count">How many elements there are; all of them lie within the file.</param>
/// <param name="Type">Their type.</param>
/// <param name="Checksum">Of the bytes from there on, where the file has one.</param>
internal sealed record StoredElements(long Position, long Count, ElementType Type, StoredChecksum? Checksum = null)
{
    public long ByteCount => Count * SafetensorsType.SizeOf(Type);
}

/// <summary>A tensor of a weights file: a strided view of stored elements, checked to lie within them.</summary>
internal sealed record StoredTensor(string Name, StoredElements Elements, long Offset, long[] Shape, long[] Stride)
{
    private const int LargestRank = 64;

    /// <summary>Element type and shape for messages, such as "F32 [512, 25088]".</summary>
    public string Describe() => $"{SafetensorsType.NameOf(Elements.Type)} [{string.Join(", ", Shape)}]";

    /// <exception cref="WeightsFormatException">The view reaches beyond the elements, or is none.</exception>
    public static StoredTensor Create(string name, StoredElements elements, long offset, long[] shape, long[] stride)
    {
        if (shape.Length != stride.Length || shape.Length > LargestRank)
        {
            throw new WeightsFormatException($"Tensor '{name}' has {shape.Length} sizes and {stride.Length} strides; it must have one of each for up to {LargestRank} dimensions.");
        }

        if (offset < 0 || Array.Exists(shape, size => size < 0) || Array.Exists(stride, step => step < 0))
        {
            throw new WeightsFormatException($"Tensor '{name}' has offset {offset}, shape [{string.Join(", ", shape)}] and strides [{string.Join(", ", stride)}]; none may be below 0.");
        }

        if (!Array.Exists(shape, size => size == 0) && !EndsWithin(elements.Count, offset, shape, stride))
        {
            throw new WeightsFormatException(
                $"Tensor '{name}' with offset {offset}, shape [{string.Join(", ", shape)}] and strides [{string.Join(", ", stride)}] reaches beyond the {elements.Count} elements of its storage.");
        }

        return new StoredTensor(name, elements, offset, shape, stride);
    }

    /// <summary>The strides of a row-major tensor.</summary>
    public static long[] RowMajor(long[] shape)
    {
        var stride = new long[shape.Length];
        long step = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            stride[i] = step;
            step *= Math.Max(1, shape[i]);
        }

        return stride;
    }

    /// <summary>Whether the last element is one of the first <paramref name="count"/>; a sum of two 63-bit factors' product and less fits 128 bits.</summary>
    private static bool EndsWithin(long count, long offset, long[] shape, long[] stride)
    {
        Int128 last = offset;
        for (int i = 0; i < shape.Length && last < count; i++)
        {
            last += (Int128)(shape[i] - 1) * stride[i];
        }

        return last < count;
    }
}

/// <summary>What a run of bytes must add up to (CRC-32).</summary>
internal sealed record StoredChecksum(long ByteCount, uint Crc32)
{
    private const int PieceSize = 1 << 16;

    /// <summary>What it does add up to.</summary>
    public uint Of(ByteSource source, long position)
    {
        var crc = new Crc32();
        byte[] piece = new byte[Math.Min(ByteCount, PieceSize)];
        for (long done = 0; done < ByteCount; done += piece.Length)
        {
            Span<byte> part = piece.AsSpan(0, (int)Math.Min(piece.Length, ByteCount - done));
            source.Read(position + done, part);
            crc.Add(part);
        }

        return crc.Value;
    }
}
