using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Describes a value between two nodes before anything is computed: its type and sizes, and its numbers where sizes may come of them.</summary>
/// <param name="Type">The type of its elements.</param>
/// <param name="Shape">Its sizes.</param>
internal sealed record GraphValue(DataType Type, long[] Shape)
{
    /// <summary>Larger values are no sizes of anything.</summary>
    public const int MostNumbers = 256;

    /// <summary>The greatest number of sizes that a value may have.</summary>
    public const int MostRank = 16;

    /// <summary>Doubles hold whole numbers up to this one.</summary>
    private const double LargestInteger = 1L << 53;

    /// <summary>ONNX Runtime lays the channels of a map in blocks of so many.</summary>
    private const int ChannelBlock = 16;

    /// <summary>The numbers; null where they are many, or depend on the picture.</summary>
    public double[]? Numbers { get; private init; }

    /// <summary>Tells whether it follows from constants alone: ONNX Runtime computes it once, and keeps it.</summary>
    public bool IsConstant { get; init; }

    public int Rank => Shape.Length;

    /// <summary>The number of elements.</summary>
    /// <exception cref="WeightsFormatException">There is a negative size, or there are too many elements for any memory.</exception>
    public long Count { get; } = Product(Shape);

    public bool IsInteger => Type is not (DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double);

    /// <summary>The memory that it takes in ONNX Runtime, which computes half-precision numbers as float32.</summary>
    public long Bytes => Type switch
    {
        DataType.Float when Shape is [_, var channels and > 0, _, _] => Count / channels * ((channels + ChannelBlock - 1) / ChannelBlock * ChannelBlock) * sizeof(float),
        DataType.Bool or DataType.Uint8 or DataType.Int8 or DataType.Uint4 or DataType.Int4 => Count,
        DataType.Double or DataType.Int64 or DataType.Uint64 => Count * sizeof(double),
        _ => Count * sizeof(float),
    };

    /// <summary>Makes the same value with numbers; none are kept that the type does not hold exactly.</summary>
    public GraphValue With(double[]? numbers)
    {
        if (numbers is null || numbers.Length != Count || numbers.Length > MostNumbers)
        {
            return this with { Numbers = null };
        }

        return Type switch
        {
            DataType.Float => this with { Numbers = [.. numbers.Select(number => (double)(float)number)] },
            DataType.Double or DataType.Bool or DataType.Uint8 or DataType.Int8 => this with { Numbers = numbers },
            DataType.Int64 => this with { Numbers = Array.TrueForAll(numbers, number => Math.Abs(number) <= LargestInteger || Math.Abs(number) >= long.MaxValue) ? numbers : null },
            DataType.Int32 => this with { Numbers = Array.TrueForAll(numbers, number => number is >= int.MinValue and <= int.MaxValue) ? numbers : null },
            _ => this with { Numbers = null },
        };
    }

    public override string ToString() => $"{Type} [{string.Join(", ", Shape)}]";

    private static long Product(long[] shape)
    {
        const long most = 1L << 48;
        long count = 1;
        if (shape.Length > MostRank)
        {
            throw new WeightsFormatException($"a value has {shape.Length} sizes; at most {MostRank} are allowed");
        }

        foreach (long size in shape)
        {
            if (size < 0)
            {
                throw new WeightsFormatException($"the size {size} is negative");
            }

            count = size == 0 || count <= most / size ? count * size : throw new WeightsFormatException($"a value of [{string.Join(", ", shape)}] numbers fits no memory");
        }

        return count;
    }
}
