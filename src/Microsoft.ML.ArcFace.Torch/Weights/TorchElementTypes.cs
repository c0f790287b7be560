using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>The element types of weights files as libtorch's.</summary>
internal static class TorchElementTypes
{
    private static readonly (ElementType Type, ScalarType OfTorch)[] s_known =
    [
        (ElementType.Float64, ScalarType.Float64),
        (ElementType.Float32, ScalarType.Float32),
        (ElementType.Float16, ScalarType.Float16),
        (ElementType.BFloat16, ScalarType.BFloat16),
        (ElementType.Int64, ScalarType.Int64),
        (ElementType.Int32, ScalarType.Int32),
        (ElementType.Int16, ScalarType.Int16),
        (ElementType.Int8, ScalarType.Int8),
        (ElementType.UInt8, ScalarType.Byte),
        (ElementType.Bool, ScalarType.Bool),
    ];

    /// <exception cref="NotSupportedException">Weights files have no such type (complex and quantized numbers).</exception>
    public static ElementType ToElementType(this ScalarType type) => Array.FindIndex(s_known, known => known.OfTorch == type) is >= 0 and var index
        ? s_known[index].Type
        : throw new NotSupportedException($"A tensor of element type {type} cannot be written; convert it to one of {string.Join(", ", s_known.Select(known => known.OfTorch))}.");

    public static ScalarType ToScalarType(this ElementType type) => Array.Find(s_known, known => known.Type == type).OfTorch;
}
