namespace Microsoft.ML.ArcFace.Weights;

/// <summary>The element types of weights files.</summary>
internal enum ElementType
{
    Float64,
    Float32,
    Float16,
    BFloat16,
    Int64,
    Int32,
    Int16,
    Int8,
    UInt8,
    Bool,
}
