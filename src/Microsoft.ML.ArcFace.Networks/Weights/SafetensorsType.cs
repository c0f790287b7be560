namespace Microsoft.ML.ArcFace.Weights;

/// <summary>The element types of safetensors files that are read and written, with their names there and their size in bytes.</summary>
internal static class SafetensorsType
{
    private static readonly (string Name, ElementType Type, int Size)[] Known =
    [
        ("F64", ElementType.Float64, 8),
        ("F32", ElementType.Float32, 4),
        ("F16", ElementType.Float16, 2),
        ("BF16", ElementType.BFloat16, 2),
        ("I64", ElementType.Int64, 8),
        ("I32", ElementType.Int32, 4),
        ("I16", ElementType.Int16, 2),
        ("I8", ElementType.Int8, 1),
        ("U8", ElementType.UInt8, 1),
        ("BOOL", ElementType.Bool, 1),
    ];

    /// <summary>The file's name of an element type.</summary>
    public static string NameOf(ElementType type) => Find(type).Name;

    /// <summary>Bytes of one element.</summary>
    public static int SizeOf(ElementType type) => Find(type).Size;

    /// <summary>The element type that a file names.</summary>
    /// <exception cref="WeightsFormatException">There is no such type here; the message lists the ones there are.</exception>
    public static ElementType Parse(string name, string tensor)
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

    private static (string Name, ElementType Type, int Size) Find(ElementType type)
    {
        foreach (var known in Known)
        {
            if (known.Type == type)
            {
                return known;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(type), type, $"There is no element type number {(int)type}.");
    }
}
