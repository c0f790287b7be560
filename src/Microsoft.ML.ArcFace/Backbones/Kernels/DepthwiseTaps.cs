namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// The weights of a 3×3 convolution whose groups have one or two channels, laid out for vectors of channels: [9,C] by
/// which a channel meets itself and, with groups of two, [9,C] by which it meets the other channel of its pair.
/// </summary>
/// <param name="Own">[9,C]: tap t of channel c is at t·C + c.</param>
/// <param name="Cross">[9,C] by the channel that is read; its product belongs to the other one of the pair. Null for groups of one.</param>
internal sealed record DepthwiseTaps(float[] Own, float[]? Cross)
{
    public const int Kernel = 3;

    /// <summary>Positions of the kernel.</summary>
    public const int Count = Kernel * Kernel;

    /// <summary>The other channel of a pair: 0 and 1, 2 and 3, …</summary>
    private static int Partner(int channel) => channel ^ 1;

    /// <summary>For the output: from the weights [C, channels of a group, 3, 3] as libtorch has them.</summary>
    public static DepthwiseTaps ForOutput(ReadOnlySpan<float> weights, int channels) => Read(weights, channels, crossToInput: false);

    /// <summary>For the gradient of the input, where weights are read from the output's side.</summary>
    public static DepthwiseTaps ForInputGradient(ReadOnlySpan<float> weights, int channels) => Read(weights, channels, crossToInput: true);

    /// <summary>Taps back to the order of libtorch; the crosses are by the channel of the input.</summary>
    public static float[] ToWeights(double[] own, double[]? cross, int channels)
    {
        int groupChannels = cross is null ? 1 : 2;
        var weights = new float[channels * groupChannels * Count];
        for (int tap = 0; tap < Count; tap++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                weights[Index(channel, channel, groupChannels, tap)] = (float)own[(tap * channels) + channel];
                if (cross is not null)
                {
                    weights[Index(Partner(channel), channel, groupChannels, tap)] = (float)cross[(tap * channels) + channel];
                }
            }
        }

        return weights;
    }

    private static DepthwiseTaps Read(ReadOnlySpan<float> weights, int channels, bool crossToInput)
    {
        int groupChannels = weights.Length / (channels * Count);
        var own = new float[Count * channels];
        float[]? cross = groupChannels == 1 ? null : new float[Count * channels];
        for (int tap = 0; tap < Count; tap++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                own[(tap * channels) + channel] = weights[Index(channel, channel, groupChannels, tap)];
                if (cross is not null)
                {
                    (int output, int input) = crossToInput ? (channel, Partner(channel)) : (Partner(channel), channel);
                    cross[(tap * channels) + channel] = weights[Index(output, input, groupChannels, tap)];
                }
            }
        }

        return new DepthwiseTaps(own, cross);
    }

    private static int Index(int output, int input, int groupChannels, int tap) =>
        (((output * groupChannels) + (input % groupChannels)) * Count) + tap;
}
