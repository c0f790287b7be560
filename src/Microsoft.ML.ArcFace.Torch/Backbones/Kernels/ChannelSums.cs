using System.Runtime.Intrinsics;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>Sums in double precision, one a channel, of what one thread has seen.</summary>
internal sealed class ChannelSums(int channels)
{
    private readonly double[] _sums = new double[channels];

    /// <summary>Adds to the <see cref="ChannelsLastMap.Lanes"/> channels from <paramref name="channel"/> on.</summary>
    public void Add(int channel, Vector256<float> values)
    {
        (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(values);
        Span<double> sums = _sums.AsSpan(channel, ChannelsLastMap.Lanes);
        (Vector256.Create<double>(sums) + lower).CopyTo(sums);
        (Vector256.Create<double>(sums[Vector256<double>.Count..]) + upper).CopyTo(sums[Vector256<double>.Count..]);
    }

    /// <summary>The sums of all threads, in the order of the slices.</summary>
    public static double[] Total(ChannelSums[] slices)
    {
        double[] total = slices[0]._sums;
        foreach (ChannelSums slice in slices.AsSpan(1))
        {
            for (int channel = 0; channel < total.Length; channel++)
            {
                total[channel] += slice._sums[channel];
            }
        }

        return total;
    }
}
