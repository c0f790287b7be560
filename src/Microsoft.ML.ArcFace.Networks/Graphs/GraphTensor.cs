using System.Buffers.Binary;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Checks the tensors of a file, and reads small ones.</summary>
internal static class GraphTensor
{
    /// <summary>A packed whole number takes one to ten bytes.</summary>
    private const int LongestVarint = 10;

    /// <summary>Refuses a tensor whose numbers lie elsewhere, or are not as many as its sizes say.</summary>
    public static void Check(TensorProto tensor, string where, bool mayBeEmptied = false)
    {
        if (ExternalData.HasNumbersOf(tensor))
        {
            throw new WeightsFormatException($"The tensor '{tensor.Name}' of {where} lies in another file than the graph. Save the network as one .onnx file.");
        }

        var type = (DataType)tensor.DataType;
        long count = Count(tensor, where);
        bool isWhole = mayBeEmptied && GraphTensors.IsEmptied(tensor) ? BytesOf(type, count, where) >= 0 : tensor.RawData.Length > 0
            ? tensor.RawData.Length == BytesOf(type, count, where)
            : type switch
            {
                DataType.Float => tensor.FloatData.Length == sizeof(float) * count,
                DataType.Double => tensor.DoubleData.Length == sizeof(double) * count,
                DataType.Int64 => IsPacked(tensor.Int64Data, count),
                DataType.Uint32 or DataType.Uint64 => IsPacked(tensor.Uint64Data, count),
                _ => BytesOf(type, count, where) >= 0 && IsPacked(tensor.Int32Data, count),
            };
        if (!isWhole)
        {
            throw new WeightsFormatException($"The tensor '{tensor.Name}' of {where} does not have the {count} numbers of type {type} that its sizes [{string.Join(", ", tensor.Dims)}] ask for: the file is damaged.");
        }
    }

    /// <summary>The bytes that the numbers of a tensor take, as its type and sizes say.</summary>
    public static long ByteCount(TensorProto tensor, string where) => BytesOf((DataType)tensor.DataType, Count(tensor, where), where);

    /// <summary>Describes a tensor, with its numbers where they are few.</summary>
    public static GraphValue ToValue(TensorProto tensor)
    {
        var type = (DataType)tensor.DataType;
        var value = new GraphValue(type, [.. tensor.Dims]) { IsConstant = true };
        return value.Count <= GraphValue.MostNumbers ? value.With(Read(tensor, type, (int)value.Count)) : value;
    }

    /// <summary>Takes out of a graph the numbers that no size follows from.</summary>
    public static void Lighten(GraphProto graph)
    {
        IEnumerable<TensorProto> constants = graph.Node.SelectMany(node => node.Attribute).Select(attribute => attribute.T).OfType<TensorProto>();
        foreach (TensorProto tensor in graph.Initializer.Concat(constants).Where(tensor => tensor.Dims.Aggregate(1L, (count, size) => count * size) > GraphValue.MostNumbers))
        {
            tensor.RawData = tensor.FloatData = tensor.DoubleData = tensor.Int32Data = tensor.Int64Data = tensor.Uint64Data = ByteString.Empty;
        }
    }

    private static long Count(TensorProto tensor, string where)
    {
        long count = 1;
        if (tensor.Dims.Count > GraphValue.MostRank)
        {
            throw new WeightsFormatException($"The tensor '{tensor.Name}' of {where} has {tensor.Dims.Count} sizes; at most {GraphValue.MostRank} are allowed.");
        }

        foreach (long size in tensor.Dims)
        {
            if (size < 0 || (size > 0 && count > int.MaxValue / size))
            {
                throw new WeightsFormatException($"The tensor '{tensor.Name}' of {where} has sizes [{string.Join(", ", tensor.Dims)}]; none may be negative, and together they may be {int.MaxValue} at most.");
            }

            count *= size;
        }

        return count;
    }

    private static long BytesOf(DataType type, long count, string where) => type switch
    {
        DataType.Uint8 or DataType.Int8 or DataType.Bool => count,
        DataType.Uint16 or DataType.Int16 or DataType.Float16 or DataType.Bfloat16 => 2 * count,
        DataType.Float or DataType.Int32 or DataType.Uint32 => 4 * count,
        DataType.Double or DataType.Int64 or DataType.Uint64 => 8 * count,
        DataType.Uint4 or DataType.Int4 => (count + 1) / 2,
        _ => throw new WeightsFormatException($"A tensor of {where} has the element type {type}, which networks of faces do not use. Allowed are numbers of 4 to 64 bits and truth values."),
    };

    private static bool IsPacked(ByteString bytes, long count) => bytes.Length >= count && bytes.Length <= LongestVarint * count;

    private static double[]? Read(TensorProto tensor, DataType type, int count)
    {
        ReadOnlySpan<byte> raw = tensor.RawData.Span;
        double[] numbers = new double[count];
        switch (type)
        {
            case DataType.Float or DataType.Double or DataType.Int64 or DataType.Int32 or DataType.Uint8 or DataType.Int8 or DataType.Bool when raw.Length > 0:
                for (int i = 0; i < count; i++)
                {
                    numbers[i] = type switch
                    {
                        DataType.Float => BinaryPrimitives.ReadSingleLittleEndian(raw[(4 * i)..]),
                        DataType.Double => BinaryPrimitives.ReadDoubleLittleEndian(raw[(8 * i)..]),
                        DataType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(raw[(8 * i)..]),
                        DataType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(raw[(4 * i)..]),
                        DataType.Int8 => (sbyte)raw[i],
                        _ => raw[i],
                    };
                }

                return numbers;
            case DataType.Float:
                for (int i = 0; i < count; i++)
                {
                    numbers[i] = BinaryPrimitives.ReadSingleLittleEndian(tensor.FloatData.Span[(4 * i)..]);
                }

                return numbers;
            case DataType.Int64 or DataType.Int32 or DataType.Uint8 or DataType.Int8 or DataType.Bool:
                CodedInputStream packed = (type == DataType.Int64 ? tensor.Int64Data : tensor.Int32Data).CreateCodedInput();
                for (int i = 0; i < count; i++)
                {
                    if (packed.IsAtEnd)
                    {
                        return null;
                    }

                    numbers[i] = packed.ReadInt64();
                }

                return numbers;
            default:
                return count == 0 ? numbers : null;
        }
    }
}
