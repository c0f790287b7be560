using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// The weights of a backbone by their published names, with each BatchNorm folded into what stands before or behind it:
/// in evaluation γ(Wx + b − μ)/√(σ² + ε) + β is W′x + b′, computed here in float64.
/// </summary>
/// <param name="tensors">The weights by name.</param>
internal sealed class BackboneState(IReadOnlyDictionary<string, BackboneTensor> tensors)
{
    /// <summary>The weights of a network that libtorch holds; they are read when they are asked for.</summary>
    public static BackboneState Of(FaceBackbone backbone) => new(ModuleState.Of(backbone).ToDictionary(
        entry => entry.Name, entry => new BackboneTensor(entry.Tensor.shape, () => Copy(entry.Tensor))));

    /// <summary>Whether there is a layer of that name.</summary>
    public bool Has(string layer) => HasTensor(layer + ".weight");

    /// <summary>Whether there is a tensor of that name.</summary>
    public bool HasTensor(string tensor) => tensors.ContainsKey(tensor);

    public long[] ShapeOf(string tensor) => tensors[tensor].Shape;

    public int OutputChannels(string convolution) => (int)ShapeOf(convolution + ".weight")[0];

    /// <summary>A copy of a tensor's values.</summary>
    public float[] Values(string tensor) => tensors[tensor].Read();

    /// <summary>A convolution with the norm behind it: weight [out, in/groups, k, k] and bias [out].</summary>
    public (float[] Weight, float[] Bias) Fold(FoldedConvolution convolution)
    {
        float[] weight = Values(convolution.Name + ".weight");
        (double[] scale, double[] shift) = Affine(convolution.NormBehind);
        ScaleRows(weight, scale);
        return (weight, Array.ConvertAll(shift, value => (float)value));
    }

    /// <summary>A linear layer with both norms: weight [d, C·H·W], columns in the published order, and bias [d].</summary>
    public (float[] Weight, float[] Bias) Fold(FoldedLinear linear)
    {
        float[] weight = Values(linear.Name + ".weight");
        (double[] scale, double[] shift) = Affine(linear.NormBehind);
        double[] bias = HasTensor(linear.Name + ".bias") ? Array.ConvertAll(Values(linear.Name + ".bias"), value => (double)value) : new double[scale.Length];
        if (linear.NormBefore is not null)
        {
            (double[] scaleBefore, double[] shiftBefore) = Affine(linear.NormBefore);
            int columns = weight.Length / bias.Length, pixels = columns / scaleBefore.Length;
            Parallel.For(0, bias.Length, output =>
            {
                Span<float> row = weight.AsSpan(output * columns, columns);
                for (int column = 0; column < columns; column++)
                {
                    int channel = column / pixels;
                    bias[output] += row[column] * shiftBefore[channel];
                    row[column] = (float)(row[column] * scaleBefore[channel]);
                }
            });
        }

        ScaleRows(weight, scale);
        return (weight, [.. bias.Select((value, output) => (float)((value * scale[output]) + shift[output]))]);
    }

    /// <summary>A BatchNorm in evaluation as scale·x + shift.</summary>
    public (double[] Scale, double[] Shift) Affine(string norm)
    {
        float[] gamma = Values(norm + ".weight"), beta = Values(norm + ".bias"), mean = Values(norm + ".running_mean"), variance = Values(norm + ".running_var");
        double[] scale = [.. gamma.Select((value, channel) => value / Math.Sqrt(variance[channel] + BatchNormalization.Epsilon))];
        return (scale, [.. beta.Select((value, channel) => value - (mean[channel] * scale[channel]))]);
    }

    private static void ScaleRows(float[] weight, double[] scale)
    {
        int columns = weight.Length / scale.Length;
        for (int row = 0; row < scale.Length; row++)
        {
            foreach (ref float value in weight.AsSpan(row * columns, columns))
            {
                value = (float)(value * scale[row]);
            }
        }
    }

    private static float[] Copy(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().cpu().to(ScalarType.Float32).contiguous().data<float>().ToArray();
    }
}

/// <summary>A tensor of float32, wherever it lies.</summary>
/// <param name="Shape">Its sizes.</param>
/// <param name="Read">Makes a copy of its values, row by row.</param>
internal sealed record BackboneTensor(long[] Shape, Func<float[]> Read);
