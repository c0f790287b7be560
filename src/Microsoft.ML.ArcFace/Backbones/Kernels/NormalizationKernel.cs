using System.Runtime.Intrinsics;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// y = PReLU(scale·x + shift) + shortcut over channels-last maps, and its gradients where scale and shift come from the
/// statistics of x itself (batch normalization, Ioffe and Szegedy 2015).
/// </summary>
/// <param name="statistics">Of x.</param>
/// <param name="reciprocalDeviation">1/√(variance + ε), [C].</param>
/// <param name="scale">γ/√(variance + ε), [C].</param>
/// <param name="shift">β − mean·scale, [C].</param>
/// <param name="slope">Of the PReLU where its input is not positive, [C]; 1 is no PReLU at all.</param>
internal sealed class NormalizationKernel(
    BatchStatistics statistics, double[] reciprocalDeviation, float[] scale, float[] shift, float[] slope)
{
    private readonly int _channels = scale.Length;

    /// <summary>The kernel of a layer with weight γ and bias β, [C] each, and a PReLU if there is a <paramref name="slope"/>.</summary>
    public static NormalizationKernel Create(BatchStatistics statistics, double epsilon, float[] gamma, float[] beta, float[]? slope)
    {
        double[] reciprocalDeviation = Array.ConvertAll(statistics.Variance, variance => 1 / Math.Sqrt(variance + epsilon));
        var (scale, shift) = (new float[gamma.Length], new float[gamma.Length]);
        for (int channel = 0; channel < gamma.Length; channel++)
        {
            scale[channel] = (float)(gamma[channel] * reciprocalDeviation[channel]);
            shift[channel] = (float)(beta[channel] - (statistics.Mean[channel] * scale[channel]));
        }

        if (slope is null)
        {
            Array.Fill(slope = new float[gamma.Length], 1);
        }

        return new NormalizationKernel(statistics, reciprocalDeviation, scale, shift, slope);
    }

    /// <summary>Fills <paramref name="output"/>; there may be no <paramref name="shortcut"/>.</summary>
    public unsafe void Forward(ChannelsLastMap input, ChannelsLastMap? shortcut, ChannelsLastMap output) =>
        ParallelSlices.Run(input.Pixels, ParallelSlices.Count(input.Pixels, _channels), (_, begin, end) =>
        {
            fixed (float* scales = scale, shifts = shift, slopes = slope)
            {
                for (int pixel = begin; pixel < end; pixel++)
                {
                    float* x = input.Pixel(pixel), y = output.Pixel(pixel);
                    float* added = shortcut is { } map ? map.Pixel(pixel) : null;
                    for (int channel = 0; channel < _channels; channel += ChannelsLastMap.Lanes)
                    {
                        Vector256<float> z = Vector256.MultiplyAddEstimate(
                            Vector256.Load(x + channel), Vector256.Load(scales + channel), Vector256.Load(shifts + channel));
                        Vector256<float> activated = Vector256.ConditionalSelect(
                            Vector256.GreaterThan(z, Vector256<float>.Zero), z, z * Vector256.Load(slopes + channel));
                        Vector256.Store(added is null ? activated : activated + Vector256.Load(added + channel), y + channel);
                    }
                }
            }
        });

    /// <summary>The gradients of γ, β and the slope, [C] each.</summary>
    public unsafe (double[] Gamma, double[] Beta, double[] Slope) ParameterGradients(ChannelsLastMap input, ChannelsLastMap outputGradient)
    {
        int slices = ParallelSlices.Count(input.Pixels, _channels);
        var (gammas, betas, ofSlopes) = (new ChannelSums[slices], new ChannelSums[slices], new ChannelSums[slices]);
        float[] mean = Array.ConvertAll(statistics.Mean, value => (float)value);
        ParallelSlices.Run(input.Pixels, slices, (slice, begin, end) =>
        {
            (gammas[slice], betas[slice], ofSlopes[slice]) = (new ChannelSums(_channels), new ChannelSums(_channels), new ChannelSums(_channels));
            for (int block = begin; block < end; block += BatchStatistics.BlockPixels)
            {
                int blockEnd = Math.Min(block + BatchStatistics.BlockPixels, end);
                for (int channel = 0; channel < _channels; channel += ChannelsLastMap.Lanes)
                {
                    Vector256<float> channelScale = Vector256.Create(scale, channel), channelShift = Vector256.Create(shift, channel);
                    Vector256<float> channelSlope = Vector256.Create(slope, channel), channelMean = Vector256.Create(mean, channel);
                    Vector256<float> gamma = default, beta = default, ofSlope = default;
                    for (int pixel = block; pixel < blockEnd; pixel++)
                    {
                        Vector256<float> x = Vector256.Load(input.Pixel(pixel) + channel);
                        Vector256<float> gradient = Vector256.Load(outputGradient.Pixel(pixel) + channel);
                        Vector256<float> z = Vector256.MultiplyAddEstimate(x, channelScale, channelShift);
                        Vector256<float> positive = Vector256.GreaterThan(z, Vector256<float>.Zero);
                        Vector256<float> inner = Vector256.ConditionalSelect(positive, gradient, gradient * channelSlope);
                        beta += inner;
                        gamma = Vector256.MultiplyAddEstimate(inner, x - channelMean, gamma);
                        ofSlope += Vector256.AndNot(gradient * z, positive);
                    }

                    gammas[slice].Add(channel, gamma);
                    betas[slice].Add(channel, beta);
                    ofSlopes[slice].Add(channel, ofSlope);
                }
            }
        });

        double[] gammaGradient = ChannelSums.Total(gammas);
        for (int channel = 0; channel < _channels; channel++)
        {
            gammaGradient[channel] *= reciprocalDeviation[channel];
        }

        return (gammaGradient, ChannelSums.Total(betas), ChannelSums.Total(ofSlopes));
    }

    /// <summary>
    /// Fills the gradient of x: scale·(g − mean(g) − x̂·mean(g·x̂)), where g is the gradient before the PReLU and x̂ the
    /// normalised x; the means are <paramref name="beta"/> and <paramref name="gamma"/> over the count.
    /// </summary>
    public unsafe void InputGradient(ChannelsLastMap input, ChannelsLastMap outputGradient, double[] gamma, double[] beta, ChannelsLastMap inputGradient)
    {
        float[] mean = Array.ConvertAll(statistics.Mean, value => (float)value);
        var (constant, perDeviation) = (new float[_channels], new float[_channels]);
        for (int channel = 0; channel < _channels; channel++)
        {
            constant[channel] = (float)(-scale[channel] * beta[channel] / statistics.Count);
            perDeviation[channel] = (float)(-scale[channel] * reciprocalDeviation[channel] * gamma[channel] / statistics.Count);
        }

        ParallelSlices.Run(input.Pixels, ParallelSlices.Count(input.Pixels, _channels), (_, begin, end) =>
        {
            fixed (float* scales = scale, shifts = shift, slopes = slope, means = mean, constants = constant, perDeviations = perDeviation)
            {
                for (int pixel = begin; pixel < end; pixel++)
                {
                    float* x = input.Pixel(pixel), gradients = outputGradient.Pixel(pixel), results = inputGradient.Pixel(pixel);
                    for (int channel = 0; channel < _channels; channel += ChannelsLastMap.Lanes)
                    {
                        Vector256<float> value = Vector256.Load(x + channel), gradient = Vector256.Load(gradients + channel);
                        Vector256<float> channelScale = Vector256.Load(scales + channel);
                        Vector256<float> z = Vector256.MultiplyAddEstimate(value, channelScale, Vector256.Load(shifts + channel));
                        Vector256<float> inner = Vector256.ConditionalSelect(
                            Vector256.GreaterThan(z, Vector256<float>.Zero), gradient, gradient * Vector256.Load(slopes + channel));
                        Vector256<float> throughStatistics = Vector256.MultiplyAddEstimate(
                            value - Vector256.Load(means + channel), Vector256.Load(perDeviations + channel), Vector256.Load(constants + channel));
                        Vector256.Store(Vector256.MultiplyAddEstimate(inner, channelScale, throughStatistics), results + channel);
                    }
                }
            }
        });
    }
}
