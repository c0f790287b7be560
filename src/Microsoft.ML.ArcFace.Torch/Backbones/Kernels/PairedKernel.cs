using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.ArcFace.Backbones.Inference;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// The 3×3 convolution with padding 1 in groups of two channels over channels-last maps, and the gradient of its taps
/// (for the order of the taps see <see cref="PairedTaps"/>).
/// </summary>
internal static unsafe class PairedKernel<T>
    where T : unmanaged, IMapValue<T>
{
    /// <summary>Fills the output, or from the gradient of the output, with transposed taps, that of the input.</summary>
    public static void Convolve(ChannelsLastMap<T> input, float[] taps, ChannelsLastMap<T> output)
    {
        int rows = input.Batch * input.Height;
        var outside = new T[input.Channels];
        ParallelSlices.Run(rows, ParallelSlices.Count(rows, input.Width * input.Channels), (_, begin, end) =>
        {
            fixed (float* tapsStart = taps)
            fixed (T* outsideStart = outside)
            {
                ConvolveRows(input, tapsStart, outsideStart, output, begin, end);
            }
        });
    }

    /// <summary>The sum over all pixels of the output's gradient times the value of the input that each tap meets there.</summary>
    public static double[] TapGradients(ChannelsLastMap<T> input, ChannelsLastMap<T> outputGradient)
    {
        int rows = input.Batch * input.Height;
        int slices = ParallelSlices.Count(rows, input.Width * input.Channels);
        var sums = new ChannelSums[slices];
        ParallelSlices.Run(rows, slices, (slice, begin, end) =>
        {
            sums[slice] = new ChannelSums(input.Channels / ChannelsLastMap.Lanes * PairedTaps.VectorStride);
            AddTapGradients(input, outputGradient, sums[slice], begin, end);
        });
        return ChannelSums.Total(sums);
    }

    private static void ConvolveRows(ChannelsLastMap<T> input, float* taps, T* outside, ChannelsLastMap<T> output, int begin, int end)
    {
        T** pixels = stackalloc T*[PairedTaps.Positions];
        for (int row = begin; row < end; row++)
        {
            int y = row % input.Height;
            for (int x = 0; x < input.Width; x++)
            {
                for (int position = 0; position < PairedTaps.Positions; position++)
                {
                    int down = (position / PairedTaps.Kernel) - 1, right = (position % PairedTaps.Kernel) - 1;
                    bool isInside = (uint)(y + down) < (uint)input.Height && (uint)(x + right) < (uint)input.Width;
                    pixels[position] = isInside ? input.Pixel(((long)(row + down) * input.Width) + x + right) : outside;
                }

                ConvolvePixel(pixels, taps, output.Pixel(((long)row * input.Width) + x), input.Channels);
            }
        }
    }

    private static void ConvolvePixel(T** pixels, float* taps, T* output, int channels)
    {
        T* pixel0 = pixels[0], pixel1 = pixels[1], pixel2 = pixels[2];
        T* pixel3 = pixels[3], pixel4 = pixels[4], pixel5 = pixels[5];
        T* pixel6 = pixels[6], pixel7 = pixels[7], pixel8 = pixels[8];
        for (int channel = 0; channel < channels; channel += ChannelsLastMap.Lanes, taps += PairedTaps.VectorStride)
        {
            Vector256<float> own = default, cross = default;
            Weigh(pixel0 + channel, taps, ref own, ref cross);
            Weigh(pixel1 + channel, taps + PairedTaps.PositionStride, ref own, ref cross);
            Weigh(pixel2 + channel, taps + (2 * PairedTaps.PositionStride), ref own, ref cross);
            Weigh(pixel3 + channel, taps + (3 * PairedTaps.PositionStride), ref own, ref cross);
            Weigh(pixel4 + channel, taps + (4 * PairedTaps.PositionStride), ref own, ref cross);
            Weigh(pixel5 + channel, taps + (5 * PairedTaps.PositionStride), ref own, ref cross);
            Weigh(pixel6 + channel, taps + (6 * PairedTaps.PositionStride), ref own, ref cross);
            Weigh(pixel7 + channel, taps + (7 * PairedTaps.PositionStride), ref own, ref cross);
            Weigh(pixel8 + channel, taps + (8 * PairedTaps.PositionStride), ref own, ref cross);
            T.Store(own + SwapPairs(cross), output + channel);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Weigh(T* pixel, float* taps, ref Vector256<float> own, ref Vector256<float> cross)
    {
        Vector256<float> value = T.Load(pixel);
        own = Vector256.MultiplyAddEstimate(value, Vector256.Load(taps), own);
        cross = Vector256.MultiplyAddEstimate(value, Vector256.Load(taps + PairedTaps.CrossOffset), cross);
    }

    private static void AddTapGradients(ChannelsLastMap<T> input, ChannelsLastMap<T> outputGradient, ChannelSums sums, int begin, int end)
    {
        for (int row = begin; row < end; row++)
        {
            int y = row % input.Height;
            for (int kernelRow = 0; kernelRow < PairedTaps.Kernel; kernelRow++)
            {
                int down = kernelRow - 1;
                if ((uint)(y + down) < (uint)input.Height)
                {
                    T* values = input.Pixel((long)(row + down) * input.Width), gradients = outputGradient.Pixel((long)row * input.Width);
                    AddRow(values, gradients, input.Width, input.Channels, kernelRow, sums);
                }
            }
        }
    }

    /// <summary>Adds a row of the gradient times a row of the input to the three positions of a kernel row.</summary>
    private static void AddRow(T* values, T* gradients, int width, int channels, int kernelRow, ChannelSums sums)
    {
        for (int channel = 0; channel < channels; channel += ChannelsLastMap.Lanes)
        {
            Vector256<float> ownLeft = default, ownMiddle = default, ownRight = default;
            Vector256<float> crossLeft = default, crossMiddle = default, crossRight = default;
            Vector256<float> left = default, middle = T.Load(values + channel);
            for (int x = 0; x < width; x++)
            {
                Vector256<float> right = x + 1 < width ? T.Load(values + ((x + 1) * channels) + channel) : default;
                Vector256<float> own = T.Load(gradients + (x * channels) + channel), cross = SwapPairs(own);
                ownLeft = Vector256.MultiplyAddEstimate(left, own, ownLeft);
                ownMiddle = Vector256.MultiplyAddEstimate(middle, own, ownMiddle);
                ownRight = Vector256.MultiplyAddEstimate(right, own, ownRight);
                crossLeft = Vector256.MultiplyAddEstimate(left, cross, crossLeft);
                crossMiddle = Vector256.MultiplyAddEstimate(middle, cross, crossMiddle);
                crossRight = Vector256.MultiplyAddEstimate(right, cross, crossRight);
                (left, middle) = (middle, right);
            }

            int tap = (channel / ChannelsLastMap.Lanes * PairedTaps.VectorStride) + (kernelRow * PairedTaps.Kernel * PairedTaps.PositionStride);
            sums.Add(tap, ownLeft);
            sums.Add(tap + PairedTaps.CrossOffset, crossLeft);
            sums.Add(tap + PairedTaps.PositionStride, ownMiddle);
            sums.Add(tap + PairedTaps.PositionStride + PairedTaps.CrossOffset, crossMiddle);
            sums.Add(tap + (2 * PairedTaps.PositionStride), ownRight);
            sums.Add(tap + (2 * PairedTaps.PositionStride) + PairedTaps.CrossOffset, crossRight);
        }
    }

    /// <summary>Every value in the place of the other one of its pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> SwapPairs(Vector256<float> pairs) => Vector256.Shuffle(pairs, Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6));
}
