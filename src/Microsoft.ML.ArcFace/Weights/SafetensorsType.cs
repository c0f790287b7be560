using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>The element types of safetensors files that torch has, with their names there and their size in bytes.</summary>
internal static class SafetensorsType
{
    private static readonly (string Name, ScalarType Type, int Size)[] Known =
    [
        ("F64", ScalarType.Float64, 8),
        ("F32", ScalarType.Float32, 4),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8),
        ("I32", ScalarType.Int32, 4),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    /// <summary>The file's name of an element type.</summary>
    /// <exception cref="NotSupportedException">safetensors has no such type (complex and quantised numbers).</exception>
    public static string NameOf(ScalarType type) => Find(type).Name;

    /// <summary>Bytes of one element.</summary>
    /// <exception cref="NotSupportedException">safetensors has no such type (complex and quantised numbers).</exception>
    public static int SizeOf(ScalarType type) => Find(type).Size;

    /// <summary>The element type that a file names.</summary>
    /// <exception cref="WeightsFormatException">There is no such type here; the message lists the ones there are.</exception>
    public static ScalarType Parse(string name, string tensor)
    {
        foreach (var known in Known)
        {
            if (known.Name == name)
            {
                return known.Type;
            }
        }

        throw new WeightsFormatException(
            $"Tensor '{tensor}' has element type '{name}'; it must be one of {string.Join(", ", Known.Select(known => known.Name))}.");
    }

    private static (string Name, ScalarType Type, int Size) Find(ScalarType type)
    {
        foreach (var known in Known)
        {
            if (known.Type == type)
            {
                return known;
            }
        }

        throw new NotSupportedException(
            $"A tensor of element type {type} cannot be written; convert it to one of {string.Join(", ", Known.Select(known => known.Type))}.");
    }
}
