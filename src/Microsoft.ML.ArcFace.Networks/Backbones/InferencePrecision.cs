namespace Microsoft.ML.ArcFace;

/// <summary>The arithmetic of embedding. Weights are kept and saved in float32 either way.</summary>
public enum InferencePrecision
{
    /// <summary>float32 throughout.</summary>
    Float32,

    /// <summary>
    /// Feature maps and convolutions in bfloat16, the embedding itself in float32; embeddings keep a cosine of at least
    /// 0.999 to those of float32. For processors with AVX512-BF16 (0.5 to 0.7 of the time) and for GPUs; other
    /// processors compute in float32.
    /// </summary>
    BFloat16,
}
