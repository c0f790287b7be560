using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Finds the tensors of a graph, and writes numbers into them.</summary>
internal static class GraphTensors
{
    /// <summary>Gives initializers and the tensors of Constants by the names that nodes read them under.</summary>
    public static Dictionary<string, TensorProto> Of(GraphProto graph)
    {
        var tensors = new Dictionary<string, TensorProto>(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node.Where(node => node is { OpType: "Constant", Output.Count: > 0 }))
        {
            if (node.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T is { } tensor)
            {
                tensors[node.Output[0]] = tensor;
            }
        }

        foreach (TensorProto tensor in graph.Initializer)
        {
            tensors[tensor.Name] = tensor;
        }

        return tensors;
    }

    /// <summary>Refuses real numbers that are not finite, which a pass may swallow: max(NaN, 0) is 0. A single number, such as a bound, may be infinite.</summary>
    /// <exception cref="WeightsFormatException">There are some; the message names the tensor.</exception>
    public static void CheckFinite(GraphProto graph)
    {
        foreach ((string name, TensorProto tensor) in Of(graph))
        {
            bool isReal = (DataType)tensor.DataType is DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16;
            if (isReal && tensor.Dims.Aggregate(1.0, (count, size) => count * size) > 1)
            {
                _ = GraphStateTensor.Of(tensor, name);
            }
        }
    }

    /// <summary>Tells whether the numbers of a tensor were taken out.</summary>
    public static bool IsEmptied(TensorProto tensor) => !tensor.Dims.Contains(0)
        && tensor.RawData.Length + tensor.FloatData.Length + tensor.DoubleData.Length + tensor.Int32Data.Length + tensor.Int64Data.Length + tensor.Uint64Data.Length == 0;

    /// <summary>Takes the numbers of a tensor out.</summary>
    public static void Empty(TensorProto tensor) => tensor.RawData = tensor.FloatData = tensor.DoubleData = tensor.Int32Data = tensor.Int64Data = tensor.Uint64Data = ByteString.Empty;

    /// <summary>Puts numbers into a tensor, in the type of its elements.</summary>
    /// <returns>False if that type does not hold them, or the tensor another count; it is as it was.</returns>
    public static bool TryFill(TensorProto tensor, float[] values)
    {
        byte[]? bytes = tensor.Dims.Aggregate(1.0, (count, size) => count * size) != values.Length ? null : (DataType)tensor.DataType switch
        {
            DataType.Float => Bytes(values, static value => value),
            DataType.Double => Bytes(values, static value => (double)value),
            DataType.Float16 => Array.TrueForAll(values, value => Half.IsFinite((Half)value)) ? Bytes(values, static value => (Half)value) : null,
            DataType.Bfloat16 => Array.TrueForAll(values, value => (ToBFloat16(value) & 0x7f80) != 0x7f80) ? Bytes(values, ToBFloat16) : null,
            _ => null,
        };
        if (bytes is null)
        {
            return false;
        }

        Empty(tensor);
        tensor.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
        return true;
    }

    /// <summary>Rounds to the nearest of the numbers that are the upper half of a float32, an even one where two are as near.</summary>
    private static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    private static byte[] Bytes<T>(float[] values, Func<float, T> convert)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(Array.ConvertAll(values, value => convert(value))).ToArray();
}
