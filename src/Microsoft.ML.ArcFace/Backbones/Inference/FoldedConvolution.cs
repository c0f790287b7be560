namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// A convolution with the layers around it, by their published names:
/// PReLU(norm behind(convolution(norm before(input)))).
/// </summary>
/// <param name="Name">The convolution.</param>
/// <param name="NormBehind">The BatchNorm of its output.</param>
/// <param name="Stride">In both directions.</param>
/// <param name="Padding">On all sides; what it pads with are zeros behind the norm before it.</param>
/// <param name="InputChannels">Channels of the input.</param>
internal sealed record FoldedConvolution(string Name, string NormBehind, int Stride, int Padding, int InputChannels)
{
    /// <summary>The BatchNorm of its input, if any.</summary>
    public string? NormBefore { get; init; }

    /// <summary>The PReLU behind it, if any.</summary>
    public string? Activation { get; init; }
}

/// <summary>A linear layer over the flattened last feature map: norm behind(linear(flatten(norm before(input)))).</summary>
/// <param name="Name">The linear layer.</param>
/// <param name="NormBehind">The BatchNorm of its output.</param>
internal sealed record FoldedLinear(string Name, string NormBehind)
{
    /// <summary>The BatchNorm of the feature map, if any.</summary>
    public string? NormBefore { get; init; }
}

/// <summary>What is made of a backbone in evaluation, layer by layer: a graph for other programs, or steps to compute.</summary>
/// <typeparam name="TValue">What stands for a feature map.</typeparam>
internal interface IFoldedLayers<TValue>
    where TValue : class
{
    /// <summary>The convolution and the layers around it, plus <paramref name="shortcut"/> if there is one.</summary>
    TValue Convolution(TValue input, FoldedConvolution convolution, TValue? shortcut);

    /// <summary>The linear layer and the norms around it: the embedding.</summary>
    TValue Linear(TValue input, FoldedLinear linear);
}
