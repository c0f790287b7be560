using System.Runtime.Intrinsics;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// The gradient of the taps of <see cref="DepthwiseKernel"/>: for each, the sum over all pixels of the output of its
/// gradient times the value of the input that the tap meets there.
/// </summary>
internal static unsafe class DepthwiseWeightGradient
{
    /// <summary>The weights' gradient in libtorch's order, [C, 1 or 2, 3, 3].</summary>
    public static float[] Of(ChannelsLastMap input, ChannelsLastMap outputGradient, int stride, bool pairs)
    {
        int channels = input.Channels, rows = outputGradient.Batch * outputGradient.Height;
        int slices = ParallelSlices.Count(rows, outputGradient.Width * channels);
        var (own, cross) = (new ChannelSums[slices], new ChannelSums[slices]);
        ParallelSlices.Run(rows, slices, (slice, begin, end) =>
        {
            (own[slice], cross[slice]) = (new ChannelSums(DepthwiseTaps.Count * channels), new ChannelSums(DepthwiseTaps.Count * channels));
            for (int row = begin; row < end; row++)
            {
                (int face, int y) = Math.DivRem(row, outputGradient.Height);
                for (int tapRow = 0; tapRow < DepthwiseTaps.Kernel; tapRow++)
                {
                    int inputY = (y * stride) - 1 + tapRow;
                    if ((uint)inputY >= (uint)input.Height)
                    {
                        continue;
                    }

                    float* values = input.Pixel((((long)face * input.Height) + inputY) * input.Width);
                    float* gradients = outputGradient.Pixel((long)row * outputGradient.Width);
                    AddRow(values, input.Width, gradients, outputGradient.Width, stride, channels, tapRow, own[slice], swap: false);
                    if (pairs)
                    {
                        AddRow(values, input.Width, gradients, outputGradient.Width, stride, channels, tapRow, cross[slice], swap: true);
                    }
                }
            }
        });

        return DepthwiseTaps.ToWeights(ChannelSums.Total(own), pairs ? ChannelSums.Total(cross) : null, channels);
    }

    /// <summary>
    /// Adds one row of the output's gradient times one row of the input to the three taps of a kernel row; with
    /// <paramref name="swap"/>, times the gradient of the other channel of the pair.
    /// </summary>
    private static void AddRow(
        float* values, int inputWidth, float* gradients, int outputWidth, int stride, int channels, int tapRow, ChannelSums sums, bool swap)
    {
        // The pixels of the output whose right tap lies within the input; the left tap of the first one never does.
        int withRight = Math.Min(outputWidth, (inputWidth - 2 + stride) / stride);
        for (int channel = 0; channel < channels; channel += ChannelsLastMap.Lanes)
        {
            Vector256<float> left = default, middle = default, right = default;
            for (int x = 0; x < outputWidth; x++)
            {
                Vector256<float> gradient = Vector256.Load(gradients + (x * channels) + channel);
                gradient = swap ? DepthwiseKernel.Swap(gradient) : gradient;
                float* value = values + (x * stride * channels) + channel;
                middle = Vector256.MultiplyAddEstimate(Vector256.Load(value), gradient, middle);
                if (x > 0)
                {
                    left = Vector256.MultiplyAddEstimate(Vector256.Load(value - channels), gradient, left);
                }

                if (x < withRight)
                {
                    right = Vector256.MultiplyAddEstimate(Vector256.Load(value + channels), gradient, right);
                }
            }

            int tap = tapRow * DepthwiseTaps.Kernel;
            sums.Add((tap * channels) + channel, left);
            sums.Add(((tap + 1) * channels) + channel, middle);
            sums.Add(((tap + 2) * channels) + channel, right);
        }
    }
}
