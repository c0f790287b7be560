namespace Microsoft.ML.ArcFace.Networks;

/// <summary>The operators of our networks, by their names in ONNX.</summary>
internal static class Operators
{
    /// <summary>Adds two values of one shape.</summary>
    public const string Add = "Add";

    /// <summary>
    /// BatchNorm of channels. Inputs: value, scale, shift, running mean, running variance and, beyond ONNX, the number of batches
    /// that training has seen.
    /// </summary>
    public const string BatchNormalization = "BatchNormalization";

    /// <summary>A convolution. Inputs: value, weight [out, in/group, height, width] and perhaps bias [out].</summary>
    public const string Convolution = "Conv";

    /// <summary>Sets a share of the values to 0 in training; does nothing in evaluation. Attribute: ratio.</summary>
    public const string Dropout = "Dropout";

    /// <summary>[batch, C, H, W] → [batch, C·H·W].</summary>
    public const string Flatten = "Flatten";

    /// <summary>A linear layer. Inputs: value [batch, n], weight [d, n] (transB is 1) and perhaps bias [d].</summary>
    public const string Linear = "Gemm";

    /// <summary>PReLU with one slope a channel. Inputs: value, slopes [C].</summary>
    public const string ParametricRelu = "PRelu";
}
