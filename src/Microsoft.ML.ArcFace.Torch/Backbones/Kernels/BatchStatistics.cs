using System.Runtime.Intrinsics;
using Microsoft.ML.ArcFace.Backbones.Inference;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>Mean and variance of every channel over the pixels of a batch.</summary>
/// <param name="Count">Pixels, B·H·W.</param>
/// <param name="Mean">[C].</param>
/// <param name="Variance">[C], divided by the count.</param>
internal sealed record BatchStatistics(int Count, double[] Mean, double[] Variance)
{
    /// <summary>Sums of so many pixels stay in single precision; longer ones are gathered in double precision.</summary>
    public const int BlockPixels = 64;

    public static unsafe BatchStatistics Of<T>(ChannelsLastMap<T> input)
        where T : unmanaged, IMapValue<T>
    {
        int channels = input.Channels, pixels = input.Pixels;
        int slices = ParallelSlices.Count(pixels, channels);
        var sums = new ChannelSums[slices];
        var squares = new ChannelSums[slices];
        ParallelSlices.Run(pixels, slices, (slice, begin, end) =>
        {
            (sums[slice], squares[slice]) = (new ChannelSums(channels), new ChannelSums(channels));
            Add(input, sums[slice], squares[slice], begin, end);
        });

        double[] meanDeviation = ChannelSums.Total(sums), meanSquare = ChannelSums.Total(squares);
        var (mean, variance, pivot) = (new double[channels], new double[channels], new float[channels]);
        for (int channel = 0; channel < channels; channel += ChannelsLastMap.Lanes)
        {
            Pivot(input, channel).CopyTo(pivot, channel);
        }

        for (int channel = 0; channel < channels; channel++)
        {
            double deviation = meanDeviation[channel] / pixels;
            mean[channel] = pivot[channel] + deviation;
            variance[channel] = Math.Max(0, (meanSquare[channel] / pixels) - (deviation * deviation));
        }

        return new BatchStatistics(pixels, mean, variance);
    }

    private static unsafe void Add<T>(ChannelsLastMap<T> input, ChannelSums sums, ChannelSums squares, int begin, int end)
        where T : unmanaged, IMapValue<T>
    {
        for (int block = begin; block < end; block += BlockPixels)
        {
            int blockEnd = Math.Min(block + BlockPixels, end);
            for (int channel = 0; channel < input.Channels; channel += ChannelsLastMap.Lanes)
            {
                Vector256<float> pivot = Pivot(input, channel);
                Vector256<float> sum = default, square = default;
                for (int pixel = block; pixel < blockEnd; pixel++)
                {
                    Vector256<float> deviation = T.Load(input.Pixel(pixel) + channel) - pivot;
                    sum += deviation;
                    square = Vector256.MultiplyAddEstimate(deviation, deviation, square);
                }

                sums.Add(channel, sum);
                squares.Add(channel, square);
            }
        }
    }

    /// <summary>The first pixel: squares of deviations from it lose no digits where the mean is large.</summary>
    private static unsafe Vector256<float> Pivot<T>(ChannelsLastMap<T> input, int channel)
        where T : unmanaged, IMapValue<T> => T.Load(input.Data + channel);
}
