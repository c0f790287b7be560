using System.Runtime.CompilerServices;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// scale·x + shift before a convolution, which takes it in. Where the kernel reaches beyond the map it must meet 0 behind the norm, so
/// the border of the map holds −shift / scale.
/// </summary>
internal sealed class NormFold
{
    /// <summary>
    /// Where a norm multiplies by almost nothing, it is taken to multiply by this: small enough to change no output, large enough that
    /// shift / scale remains a number.
    /// </summary>
    private const double SmallestScale = 1e-12;

    private readonly double[] _scale;
    private readonly double[] _shift;

    private NormFold(double[] scale, double[] shift) => (_scale, _shift) = (scale, shift);

    public static NormFold Of(NetworkNode norm, IReadOnlyDictionary<string, StateTensor> tensors)
    {
        (double[] scale, double[] shift) = FoldedNetwork.Affine(norm, tensors);
        return new NormFold(Array.ConvertAll(scale, value => Math.Abs(value) < SmallestScale ? SmallestScale : value), shift);
    }

    /// <summary>What becomes 0, by channels.</summary>
    public float[] Zero() => [.. _shift.Select((shift, channel) => (float)(-shift / _scale[channel]))];

    /// <summary>Takes the norm into rows of the convolution's weight.</summary>
    /// <param name="weight">[outputs, in, area], changed.</param>
    /// <param name="bias">[outputs], changed.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Into(Span<float> weight, Span<float> bias)
    {
        int inputs = _scale.Length, area = weight.Length / (bias.Length * inputs);
        for (int output = 0; output < bias.Length; output++)
        {
            double sum = bias[output];
            for (int input = 0; input < inputs; input++)
            {
                double scale = _scale[input], shift = _shift[input];
                foreach (ref float value in weight.Slice(((output * inputs) + input) * area, area))
                {
                    sum += value * shift;
                    value = (float)(value * scale);
                }
            }

            bias[output] = (float)sum;
        }
    }
}
