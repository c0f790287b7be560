using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>A tensor of a graph as float32, converted when it is read.</summary>
internal sealed class GraphStateTensor : StateTensor
{
    private readonly ElementType _stored;
    private readonly ReadOnlyMemory<byte> _bytes;

    private GraphStateTensor(long[] shape, ElementType stored, ReadOnlyMemory<byte> bytes)
        : base(ElementType.Float32, shape) => (_stored, _bytes) = (stored, bytes);

    /// <summary>Makes a tensor of float32 over one of a file.</summary>
    /// <param name="tensor">Real or whole numbers.</param>
    /// <param name="name">Names the tensor in messages.</param>
    /// <exception cref="WeightsFormatException">Its numbers are of a type that is not read, not finite, or too large for float32.</exception>
    public static StateTensor Of(TensorProto tensor, string name)
    {
        (ElementType type, ReadOnlyMemory<byte> bytes) = Bytes(tensor, name);
        var state = new GraphStateTensor([.. tensor.Dims], type, bytes);
        bool isFinite = true;
        state.Read(piece => isFinite &= ElementConversion.AreFinite(piece, ElementType.Float32));
        return isFinite
            ? state
            : throw new WeightsFormatException($"The tensor '{name}' has numbers that are not finite, or too large for float32: the file is damaged. Export the network anew.");
    }

    public override void Read(ChunkAction read)
    {
        const int largestPiece = 1 << 18;
        int count = (int)Count;
        float[] piece = new float[Math.Min(count, largestPiece)];
        for (int begin = 0; begin < count; begin += largestPiece)
        {
            Span<float> values = piece.AsSpan(0, Math.Min(largestPiece, count - begin));
            Convert(begin, values);
            read(MemoryMarshal.AsBytes(values));
        }
    }

    protected override void CopySingles(int first, Span<float> rows) => Convert((int)(first * RowLength), rows);

    private void Convert(int begin, Span<float> values)
    {
        int size = SafetensorsType.SizeOf(_stored);
        ElementConversion.Convert(_bytes.Span.Slice(begin * size, values.Length * size), _stored, MemoryMarshal.AsBytes(values), ElementType.Float32);
    }

    private static (ElementType Type, ReadOnlyMemory<byte> Bytes) Bytes(TensorProto tensor, string name)
    {
        var type = (DataType)tensor.DataType;
        ElementType? element = type switch
        {
            DataType.Float => ElementType.Float32,
            DataType.Double => ElementType.Float64,
            DataType.Float16 => ElementType.Float16,
            DataType.Bfloat16 => ElementType.BFloat16,
            DataType.Int64 => ElementType.Int64,
            DataType.Int32 => ElementType.Int32,
            DataType.Int8 => ElementType.Int8,
            DataType.Uint8 or DataType.Bool => ElementType.UInt8,
            _ => null,
        };
        if (element is { } known && (tensor.RawData.Length > 0 || tensor.Dims.Contains(0)))
        {
            return (known, tensor.RawData.Memory);
        }

        return (element, type) switch
        {
            (_, DataType.Float) => (ElementType.Float32, tensor.FloatData.Memory),
            (_, DataType.Double) => (ElementType.Float64, tensor.DoubleData.Memory),

            // Half-precision numbers are written as the whole numbers of their bits.
            (_, DataType.Float16 or DataType.Bfloat16) => (element!.Value, Unpack(tensor, tensor.Int32Data, name, static number => (ushort)number)),
            (_, DataType.Int64) => (ElementType.Int64, Unpack(tensor, tensor.Int64Data, name, static number => number)),
            (not null, _) => (ElementType.Int32, Unpack(tensor, tensor.Int32Data, name, static number => (int)number)),
            _ => throw new WeightsFormatException($"The tensor '{name}' has elements of type {type}; read are real numbers of 16 to 64 bits. Export the network in float32."),
        };
    }

    private static ReadOnlyMemory<byte> Unpack<T>(TensorProto tensor, Google.Protobuf.ByteString packed, string name, Func<long, T> convert)
        where T : unmanaged
    {
        T[] numbers = new T[tensor.Dims.Aggregate(1L, (count, size) => count * size)];
        Google.Protobuf.CodedInputStream input = packed.CreateCodedInput();
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = !input.IsAtEnd ? convert(input.ReadInt64()) : throw new WeightsFormatException($"The tensor '{name}' has fewer numbers than its sizes ask for: the file is damaged.");
        }

        return MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray();
    }
}
