using Microsoft.ML.ArcFace.Data;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// Makes the steps of an <see cref="InferenceNetwork"/> from the layers of a backbone. In bfloat16, what a step of our own
/// reads stays float32: faces, the maps that channels convolve for themselves, the features of the embedding.
/// </summary>
internal sealed class InferenceNetworkBuilder(BackboneState state, StepFactory factory, bool useBFloat16) : IFoldedLayers<FeatureMap>
{
    /// <summary>
    /// Where a norm before a padded convolution multiplies by almost nothing, it is taken to multiply by this: small
    /// enough to change no output, large enough that shift / scale remains a number.
    /// </summary>
    private const double SmallestScale = 1e-12;

    // Made when all is known of the maps that they write.
    private readonly List<Func<InferenceStep>> _steps = [];

    public FeatureMap Faces { get; } = new(FaceTensor.Size, FaceTensor.Size, FaceTensor.Channels, isBFloat16: false);

    /// <summary>Numbers in an embedding; known once the linear layer is.</summary>
    public int EmbeddingSize { get; private set; }

    public InferenceStep[] BuildSteps() => [.. _steps.Select(make => make())];

    public FeatureMap Convolution(FeatureMap input, FoldedConvolution convolution, FeatureMap? shortcut)
    {
        (float[] weight, float[] bias) = state.Fold(convolution);
        int kernel = (int)state.ShapeOf(convolution.Name + ".weight")[2], channels = bias.Length, stride = convolution.Stride, padding = convolution.Padding;
        float[]? slopes = convolution.Activation is { } activation ? state.Values(activation + ".weight") : null;
        float[]? border = convolution.NormBefore is { } norm ? FoldNormBefore(weight, bias, state.Affine(norm), kernel) : null;
        if (padding > 0)
        {
            input.Surround(padding, border);
        }

        var output = new FeatureMap(OutputSize(input.Height), OutputSize(input.Width), channels, useBFloat16);
        int channelsOfGroup = weight.Length / (channels * kernel * kernel);
        if (channelsOfGroup == input.Channels)
        {
            _steps.Add(() => factory.Dense(input, output, shortcut, weight, bias, slopes, kernel, stride, padding));
            return output;
        }

        input.KeepSingle();
        _steps.Add((channelsOfGroup, kernel, slopes, shortcut) switch
        {
            (1, 3, not null, null) when padding == 1 => () => factory.Depthwise(input, output, weight, bias, slopes, stride),
            (1, _, null, null) when output.Height == 1 && output.Width == 1 => () => new PoolingConvolutionStep(input, output, weight, bias),
            (2, 3, not null, null) when padding == 1 && stride == 1 && channels == input.Channels => () => factory.Paired(input, output, weight, bias, slopes),
            _ => throw new NotSupportedException($"No step computes {convolution}."),
        });
        return output;

        int OutputSize(int size) => ((size + (2 * padding) - kernel) / stride) + 1;
    }

    public FeatureMap Linear(FeatureMap input, FoldedLinear linear)
    {
        input.KeepSingle();
        (float[] weight, float[] bias) = state.Fold(linear);
        EmbeddingSize = bias.Length;
        int pixels = input.Height * input.Width;
        var row = new FeatureMap(1, 1, pixels * input.Channels, isBFloat16: false);
        var output = new FeatureMap(1, 1, ConvolutionTile.RoundUp(bias.Length), isBFloat16: false);
        _steps.Add(() => factory.Dense(row, output, null, ToChannelsLast(weight, pixels, input.Channels), bias, slopes: null, kernel: 1, stride: 1, padding: 0));
        return output;
    }

    /// <summary>
    /// Folds scale·x + shift before a convolution into it. Where the kernel reaches beyond the map it must meet 0 behind the
    /// norm, so the border holds −shift / scale.
    /// </summary>
    /// <param name="weight">[out, in, k, k], changed.</param>
    /// <param name="bias">[out], changed.</param>
    /// <param name="norm">[in] each.</param>
    /// <param name="kernel">k.</param>
    /// <returns>The values of the border, [in].</returns>
    private static float[] FoldNormBefore(float[] weight, float[] bias, (double[] Scale, double[] Shift) norm, int kernel)
    {
        int inputs = norm.Scale.Length, area = kernel * kernel;
        double[] scale = Array.ConvertAll(norm.Scale, value => Math.Abs(value) < SmallestScale ? SmallestScale : value);
        for (int output = 0; output < bias.Length; output++)
        {
            double sum = bias[output];
            for (int input = 0; input < inputs; input++)
            {
                foreach (ref float value in weight.AsSpan(((output * inputs) + input) * area, area))
                {
                    sum += value * norm.Shift[input];
                    value = (float)(value * scale[input]);
                }
            }

            bias[output] = (float)sum;
        }

        return [.. norm.Shift.Select((shift, input) => (float)(-shift / scale[input]))];
    }

    /// <summary>Columns of [d, C·H·W] from the published order (channel, row, column) to that of the maps.</summary>
    private static float[] ToChannelsLast(float[] weight, int pixels, int channels)
    {
        var reordered = new float[weight.Length];
        int columns = pixels * channels;
        Parallel.For(0, weight.Length / columns, output =>
        {
            ReadOnlySpan<float> from = weight.AsSpan(output * columns, columns);
            Span<float> to = reordered.AsSpan(output * columns, columns);
            for (int column = 0; column < columns; column++)
            {
                (int channel, int pixel) = Math.DivRem(column, pixels);
                to[(pixel * channels) + channel] = from[column];
            }
        });
        return reordered;
    }
}
