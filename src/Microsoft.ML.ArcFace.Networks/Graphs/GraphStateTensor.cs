using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Gives tensors of a graph as float32, converted when they are read.</summary>
internal static class GraphStateTensor
{
    /// <summary>Makes a tensor of float32 over one of a file.</summary>
    /// <param name="tensor">Real or whole numbers.</param>
    /// <param name="name">Names the tensor in messages.</param>
    /// <exception cref="WeightsFormatException">Its numbers are of a type that is not read, not finite, or too large for float32.</exception>
    public static StateTensor Of(TensorProto tensor, string name)
    {
        (ElementType type, ReadOnlyMemory<byte> bytes) = Bytes(tensor, name);
        var state = new ComputedTensor([.. tensor.Dims], () => Singles(type, bytes.Span));
        if (Array.Exists(state.ToSingles(), value => !float.IsFinite(value)))
        {
            throw new WeightsFormatException($"The tensor '{name}' has numbers that are not finite, or too large for float32: the file is damaged. Export the network anew.");
        }

        return state;
    }

    private static float[] Singles(ElementType type, ReadOnlySpan<byte> bytes)
    {
        float[] values = new float[bytes.Length / SafetensorsType.SizeOf(type)];
        ElementConversion.Convert(bytes, type, MemoryMarshal.AsBytes(values.AsSpan()), ElementType.Float32);
        return values;
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
