using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Networks;

/// <summary>A tensor of a network's state, under its published name.</summary>
/// <param name="Name">The name in weights files.</param>
/// <param name="Shape">Its sizes; none for a single number.</param>
/// <param name="Kind">How training changes it.</param>
internal sealed record NetworkTensor(string Name, long[] Shape, TensorKind Kind)
{
    /// <summary>The values that a new network draws; null for those with which its operator usually starts.</summary>
    public WeightInitialization? Initialization { get; init; }

    /// <summary>Element type and shape for messages, such as "F32 [512, 25088]".</summary>
    public string Describe() => $"{SafetensorsType.NameOf(Type)} [{string.Join(", ", Shape)}]";

    /// <summary>The element type in which the state is kept.</summary>
    public ElementType Type => Kind switch
    {
        TensorKind.Counter => ElementType.Int64,
        TensorKind.Bytes => ElementType.UInt8,
        _ => ElementType.Float32,
    };
}

/// <summary>How training changes a tensor.</summary>
internal enum TensorKind
{
    /// <summary>By its gradient.</summary>
    Weight,

    /// <summary>Not at all, though optimizers of other programs may change it.</summary>
    FixedWeight,

    /// <summary>By the statistics of the batches.</summary>
    Statistic,

    /// <summary>By one with each batch.</summary>
    Counter,

    /// <summary>Not at all: it is a file, not numbers.</summary>
    Bytes,
}

/// <summary>The distribution from which the weights of a new network are drawn.</summary>
internal abstract record WeightInitialization
{
    /// <summary>Normal around 0.</summary>
    /// <param name="Deviation">The standard deviation.</param>
    public sealed record Normal(double Deviation) : WeightInitialization;

    /// <summary>Normal around 0 with the variance 2 / fan-out (He et al. 2015).</summary>
    public sealed record KaimingNormalByFanOut : WeightInitialization;
}
