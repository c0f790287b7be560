using System.Runtime.CompilerServices;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// The inner product of a convolution: 6 pixels × a panel of output channels, all of whose sums stay in registers. With 32
/// registers a panel is four of them and 24 multiply-adds meet 10 loads; with 16 it is two, and 12 meet 8. Panels of one register
/// meet 12 pixels of a row.
/// </summary>
internal static unsafe class ConvolutionTile
{
    /// <summary>Pixels computed at once.</summary>
    public const int Pixels = 6;

    /// <summary>Pixels of a row computed at once where a panel is one register.</summary>
    public const int PixelsOfRow = 12;

    /// <summary>What the output channels are a multiple of, whatever the width of a register.</summary>
    public const int ChannelMultiple = 64;

    /// <summary>Channels rounded up to such a multiple.</summary>
    public static int RoundUp(int channels) => (channels + ChannelMultiple - 1) / ChannelMultiple * ChannelMultiple;

    /// <summary>Sums over the kernel: a tap is a run of neighboring values of the input, the same for all pixels.</summary>
    /// <param name="inputs">[6]: where the window of each pixel begins.</param>
    /// <param name="taps">[tapCount]: where a tap begins, in values from the begin of the window.</param>
    /// <param name="tapCount">Rows of the kernel.</param>
    /// <param name="tapLength">Values of a row: columns · channels.</param>
    /// <param name="weights">[tapCount, tapLength, panel].</param>
    /// <param name="finish">What is done with the sums.</param>
    /// <param name="channel">The first channel of the panel among those of <paramref name="finish"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TPanel, TOutput>(float** inputs, nint* taps, int tapCount, nint tapLength, float* weights, in TileFinish<TOutput> finish, nint channel)
        where TPanel : unmanaged, IChannels<TPanel>
        where TOutput : unmanaged, IMapValue<TOutput>
    {
        TPanel sum0 = TPanel.Load(finish.Bias + channel), sum1 = sum0, sum2 = sum0, sum3 = sum0, sum4 = sum0, sum5 = sum0;
        for (int tap = 0; tap < tapCount; tap++)
        {
            nint offset = taps[tap];
            float* pixel0 = inputs[0] + offset, pixel1 = inputs[1] + offset, pixel2 = inputs[2] + offset;
            float* pixel3 = inputs[3] + offset, pixel4 = inputs[4] + offset, pixel5 = inputs[5] + offset;
            for (nint index = 0; index < tapLength; index++, weights += TPanel.Count)
            {
                TPanel weight = TPanel.Load(weights);
                sum0.AddScaled(pixel0[index], weight);
                sum1.AddScaled(pixel1[index], weight);
                sum2.AddScaled(pixel2[index], weight);
                sum3.AddScaled(pixel3[index], weight);
                sum4.AddScaled(pixel4[index], weight);
                sum5.AddScaled(pixel5[index], weight);
            }
        }

        finish.Store(0, channel, sum0);
        finish.Store(1, channel, sum1);
        finish.Store(2, channel, sum2);
        finish.Store(3, channel, sum3);
        finish.Store(4, channel, sum4);
        finish.Store(5, channel, sum5);
    }

    /// <summary>The same of <see cref="PixelsOfRow"/> neighbors of a row: the places of all of them follow from three, so that none has to be fetched.</summary>
    /// <param name="input">Where the window of the first pixel begins.</param>
    /// <param name="step">Values from one pixel's window to the next.</param>
    /// <param name="taps">[tapCount]: where a tap begins, in values from the begin of the window.</param>
    /// <param name="tapCount">Rows of the kernel.</param>
    /// <param name="tapLength">Values of a row: columns · channels.</param>
    /// <param name="weights">[tapCount, tapLength, register].</param>
    /// <param name="finish">What is done with the sums.</param>
    /// <param name="channel">The first channel of the register among those of <paramref name="finish"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunRow<TLanes, TOutput>(float* input, nint step, nint* taps, int tapCount, nint tapLength, float* weights, in TileFinish<TOutput> finish, nint channel)
        where TLanes : unmanaged, IChannels<TLanes>
        where TOutput : unmanaged, IMapValue<TOutput>
    {
        TLanes sum0 = TLanes.Load(finish.Bias + channel), sum1 = sum0, sum2 = sum0, sum3 = sum0, sum4 = sum0, sum5 = sum0;
        TLanes sum6 = sum0, sum7 = sum0, sum8 = sum0, sum9 = sum0, sum10 = sum0, sum11 = sum0;
        nint twice = 2 * step, thrice = 3 * step;
        for (int tap = 0; tap < tapCount; tap++)
        {
            float* first = input + taps[tap], second = first + (4 * step), third = second + (4 * step);
            for (nint index = 0; index < tapLength; index++, first++, second++, third++, weights += TLanes.Count)
            {
                TLanes weight = TLanes.Load(weights);
                sum0.AddScaled(*first, weight);
                sum1.AddScaled(first[step], weight);
                sum2.AddScaled(first[twice], weight);
                sum3.AddScaled(first[thrice], weight);
                sum4.AddScaled(*second, weight);
                sum5.AddScaled(second[step], weight);
                sum6.AddScaled(second[twice], weight);
                sum7.AddScaled(second[thrice], weight);
                sum8.AddScaled(*third, weight);
                sum9.AddScaled(third[step], weight);
                sum10.AddScaled(third[twice], weight);
                sum11.AddScaled(third[thrice], weight);
            }
        }

        finish.Store(0, channel, sum0);
        finish.Store(1, channel, sum1);
        finish.Store(2, channel, sum2);
        finish.Store(3, channel, sum3);
        finish.Store(4, channel, sum4);
        finish.Store(5, channel, sum5);
        finish.Store(6, channel, sum6);
        finish.Store(7, channel, sum7);
        finish.Store(8, channel, sum8);
        finish.Store(9, channel, sum9);
        finish.Store(10, channel, sum10);
        finish.Store(11, channel, sum11);
    }
}

/// <summary>What follows the sums of a <see cref="ConvolutionTile"/> while they are in registers.</summary>
internal unsafe ref struct TileFinish<TOutput>
    where TOutput : unmanaged, IMapValue<TOutput>
{
    /// <summary>[channels].</summary>
    public float* Bias;

    /// <summary>Of a PReLU, [channels]; null for none.</summary>
    public float* Slopes;

    /// <summary>Whether results are kept between <see cref="Least"/> and <see cref="Most"/>.</summary>
    public bool IsLimited;

    public float Least;

    public float Most;

    /// <summary>[pixels]: what is added, [channels] for each pixel; null for nothing.</summary>
    public TOutput** Shortcuts;

    /// <summary>[pixels]: where the [channels] of each pixel go.</summary>
    public TOutput** Outputs;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TPanel>(int pixel, nint channel, TPanel sum)
        where TPanel : unmanaged, IChannels<TPanel>
    {
        if (Slopes != null)
        {
            sum.Activate(Slopes + channel);
        }

        if (IsLimited)
        {
            sum.Limit(Least, Most);
        }

        if (Shortcuts != null)
        {
            sum.Add(Shortcuts[pixel] + channel);
        }

        sum.Store(Outputs[pixel] + channel);
    }
}
