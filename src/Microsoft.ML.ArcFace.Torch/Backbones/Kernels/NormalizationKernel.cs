using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.ArcFace.Backbones.Inference;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// y = PReLU(scale·x + shift) over channels-last maps, and its gradients where scale and shift come from the statistics
/// of x itself (batch normalization, Ioffe and Szegedy 2015).
/// </summary>
internal sealed unsafe class NormalizationKernel<T>
    where T : unmanaged, IMapValue<T>
{
    private readonly BatchStatistics _statistics;
    private readonly int _channels;
    private readonly double[] _reciprocalDeviation;
    private readonly float[] _mean;
    private readonly float[] _scale;
    private readonly float[] _shift;
    private readonly float[] _slope;

    /// <param name="statistics">Of x.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="gamma">The layer's weight, [C].</param>
    /// <param name="beta">The layer's bias, [C].</param>
    /// <param name="slope">Of the PReLU where its input is not positive, [C].</param>
    public NormalizationKernel(BatchStatistics statistics, double epsilon, float[] gamma, float[] beta, float[] slope)
    {
        _statistics = statistics;
        _channels = gamma.Length;
        _reciprocalDeviation = Array.ConvertAll(statistics.Variance, variance => 1 / Math.Sqrt(variance + epsilon));
        _mean = Array.ConvertAll(statistics.Mean, mean => (float)mean);
        _scale = new float[_channels];
        _shift = new float[_channels];
        _slope = slope;
        for (int channel = 0; channel < _channels; channel++)
        {
            _scale[channel] = (float)(gamma[channel] * _reciprocalDeviation[channel]);
            _shift[channel] = (float)(beta[channel] - (statistics.Mean[channel] * _scale[channel]));
        }
    }

    /// <summary>Fills <paramref name="output"/>.</summary>
    public void Forward(ChannelsLastMap<T> input, ChannelsLastMap<T> output) =>
        ParallelSlices.Run(input.Pixels, ParallelSlices.Count(input.Pixels, _channels), (_, begin, end) =>
        {
            fixed (float* scales = _scale, shifts = _shift, slopes = _slope)
            {
                for (int pixel = begin; pixel < end; pixel++)
                {
                    ForwardPixel(input.Pixel(pixel), output.Pixel(pixel), scales, shifts, slopes, _channels);
                }
            }
        });

    /// <summary>The gradients of γ, β and the slope, [C] each.</summary>
    public (double[] Gamma, double[] Beta, double[] Slope) ParameterGradients(ChannelsLastMap<T> input, ChannelsLastMap<T> outputGradient)
    {
        int slices = ParallelSlices.Count(input.Pixels, _channels);
        var (gammas, betas, slopes) = (new ChannelSums[slices], new ChannelSums[slices], new ChannelSums[slices]);
        ParallelSlices.Run(input.Pixels, slices, (slice, begin, end) =>
        {
            (gammas[slice], betas[slice], slopes[slice]) = (new ChannelSums(_channels), new ChannelSums(_channels), new ChannelSums(_channels));
            for (int block = begin; block < end; block += BatchStatistics.BlockPixels)
            {
                int pixels = Math.Min(BatchStatistics.BlockPixels, end - block);
                AddParameterGradients(input.Pixel(block), outputGradient.Pixel(block), pixels, gammas[slice], betas[slice], slopes[slice]);
            }
        });

        double[] gammaGradient = ChannelSums.Total(gammas);
        for (int channel = 0; channel < _channels; channel++)
        {
            gammaGradient[channel] *= _reciprocalDeviation[channel];
        }

        return (gammaGradient, ChannelSums.Total(betas), ChannelSums.Total(slopes));
    }

    /// <summary>
    /// Fills the gradient of x: scale·(g − mean(g) − x̂·mean(g·x̂)), where g is the gradient before the PReLU and x̂ the
    /// normalised x; the means are <paramref name="beta"/> and <paramref name="gamma"/> over the count.
    /// </summary>
    public void InputGradient(ChannelsLastMap<T> input, ChannelsLastMap<T> outputGradient, double[] gamma, double[] beta, ChannelsLastMap<T> inputGradient)
    {
        var (constant, perDeviation) = (new float[_channels], new float[_channels]);
        for (int channel = 0; channel < _channels; channel++)
        {
            constant[channel] = (float)(-_scale[channel] * beta[channel] / _statistics.Count);
            perDeviation[channel] = (float)(-_scale[channel] * _reciprocalDeviation[channel] * gamma[channel] / _statistics.Count);
        }

        ParallelSlices.Run(input.Pixels, ParallelSlices.Count(input.Pixels, _channels), (_, begin, end) =>
        {
            fixed (float* scales = _scale, shifts = _shift, slopes = _slope, means = _mean, constants = constant, perDeviations = perDeviation)
            {
                for (int pixel = begin; pixel < end; pixel++)
                {
                    InputGradientPixel(
                        input.Pixel(pixel), outputGradient.Pixel(pixel), inputGradient.Pixel(pixel),
                        scales, shifts, slopes, means, constants, perDeviations, _channels);
                }
            }
        });
    }

    // The loops over channels and pixels stand in methods of their own: in a lambda they would read everything captured anew.
    private static void ForwardPixel(T* x, T* y, float* scale, float* shift, float* slope, int channels)
    {
        for (int channel = 0; channel < channels; channel += ChannelsLastMap.Lanes)
        {
            Vector256<float> z = Vector256.MultiplyAddEstimate(
                T.Load(x + channel), Vector256.Load(scale + channel), Vector256.Load(shift + channel));
            T.Store(Activated(z, z, Vector256.Load(slope + channel)), y + channel);
        }
    }

    private void AddParameterGradients(T* x, T* outputGradients, int pixels, ChannelSums gammas, ChannelSums betas, ChannelSums slopes)
    {
        int channels = _channels;
        for (int channel = 0; channel < channels; channel += ChannelsLastMap.Lanes)
        {
            Vector256<float> mean = Vector256.Create(_mean, channel), slope = Vector256.Create(_slope, channel);
            Vector256<float> scale = Vector256.Create(_scale, channel), shift = Vector256.Create(_shift, channel);
            Vector256<float> gamma = default, beta = default, ofSlope = default;
            for (int pixel = 0; pixel < pixels; pixel++)
            {
                int index = (pixel * channels) + channel;
                Vector256<float> value = T.Load(x + index), gradient = T.Load(outputGradients + index);
                Vector256<float> z = Vector256.MultiplyAddEstimate(value, scale, shift);
                ofSlope = Vector256.MultiplyAddEstimate(gradient, NotPositive(z), ofSlope);
                gradient = Activated(z, gradient, slope);
                beta += gradient;
                gamma = Vector256.MultiplyAddEstimate(gradient, value - mean, gamma);
            }

            gammas.Add(channel, gamma);
            betas.Add(channel, beta);
            slopes.Add(channel, ofSlope);
        }
    }

    private static void InputGradientPixel(
        T* x, T* outputGradients, T* inputGradients,
        float* scale, float* shift, float* slope, float* mean, float* constant, float* perDeviation, int channels)
    {
        for (int channel = 0; channel < channels; channel += ChannelsLastMap.Lanes)
        {
            Vector256<float> value = T.Load(x + channel), gradient = T.Load(outputGradients + channel);
            Vector256<float> channelScale = Vector256.Load(scale + channel);
            Vector256<float> z = Vector256.MultiplyAddEstimate(value, channelScale, Vector256.Load(shift + channel));
            gradient = Activated(z, gradient, Vector256.Load(slope + channel));
            Vector256<float> throughStatistics = Vector256.MultiplyAddEstimate(
                value - Vector256.Load(mean + channel), Vector256.Load(perDeviation + channel), Vector256.Load(constant + channel));
            T.Store(Vector256.MultiplyAddEstimate(gradient, channelScale, throughStatistics), inputGradients + channel);
        }
    }

    /// <summary>The value where z is positive, times the slope elsewhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Activated(Vector256<float> z, Vector256<float> value, Vector256<float> slope) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(z, Vector256<float>.Zero), value, value * slope);

    /// <summary>z where it is not positive, 0 elsewhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> NotPositive(Vector256<float> z) =>
        Vector256.AndNot(z, Vector256.GreaterThan(z, Vector256<float>.Zero));
}
