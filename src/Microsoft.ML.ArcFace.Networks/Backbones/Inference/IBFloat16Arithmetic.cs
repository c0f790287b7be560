namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// Multiplies in bfloat16, for which .NET has no instruction. An assembly that brings such an arithmetic implements it; without
/// one a network computes in float32.
/// </summary>
internal interface IBFloat16Arithmetic
{
    /// <summary>Makes a step that convolves all channels of a map in bfloat16, as <see cref="StepFactory.Dense"/> describes.</summary>
    /// <typeparam name="TLanes">The registers to compute with.</typeparam>
    /// <typeparam name="TOutput">The element type of the map that is written.</typeparam>
    InferenceStep Dense<TLanes, TOutput>(FeatureMap input, FeatureMap output, FeatureMap? shortcut, LayerWeights weights, float[]? slopes, int kernel, int stride, int padding)
        where TLanes : unmanaged, ILanes<TLanes>
        where TOutput : unmanaged, IMapValue<TOutput>;

    /// <summary>Takes memory for a map in bfloat16 that its steps can read.</summary>
    IMapOwner Allocate(long values);

    /// <summary>Has the calling thread compute with so many threads until the result is disposed of.</summary>
    IDisposable ShareThreads(int threads);
}

/// <summary>Owns the memory of a map.</summary>
internal interface IMapOwner : IDisposable
{
    nint Address { get; }
}
