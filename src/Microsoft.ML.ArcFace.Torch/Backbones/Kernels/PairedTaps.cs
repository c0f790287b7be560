namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// The weights of a 3×3 convolution in groups of two channels, laid out for vectors of channels: [C/8, 9, 2, 8]. For a
/// channel that is read, its own tap weighs it for the output of the same number, its cross tap for the other of the pair.
/// </summary>
internal static class PairedTaps
{
    /// <summary>Width and height of the kernel.</summary>
    public const int Kernel = 3;

    /// <summary>Positions of the kernel.</summary>
    public const int Positions = Kernel * Kernel;

    /// <summary>From the own tap to the cross tap of a vector of channels.</summary>
    public const int CrossOffset = ChannelsLastMap.Lanes;

    /// <summary>From the taps of one position to those of the next.</summary>
    public const int PositionStride = 2 * ChannelsLastMap.Lanes;

    /// <summary>From the taps of one vector of channels to those of the next.</summary>
    public const int VectorStride = Positions * PositionStride;

    /// <summary>From weights [C, 2, 3, 3] as libtorch has them.</summary>
    public static float[] FromWeights(ReadOnlySpan<float> weights)
    {
        var taps = new float[weights.Length];
        for (int output = 0; output < weights.Length / (2 * Positions); output++)
        {
            for (int position = 0; position < Positions; position++)
            {
                taps[OwnIndex(output, position)] = weights[WeightIndex(output, output, position)];
                taps[CrossIndex(Partner(output), position)] = weights[WeightIndex(output, Partner(output), position)];
            }
        }

        return taps;
    }

    /// <summary>
    /// The taps by which the gradient of the output gives that of the input: the same convolution with its kernel turned
    /// about, and input and output exchanged.
    /// </summary>
    public static float[] Transposed(ReadOnlySpan<float> taps)
    {
        var transposed = new float[taps.Length];
        for (int channel = 0; channel < taps.Length / (2 * Positions); channel++)
        {
            for (int position = 0; position < Positions; position++)
            {
                int opposite = Positions - 1 - position;
                transposed[OwnIndex(channel, position)] = taps[OwnIndex(channel, opposite)];
                transposed[CrossIndex(channel, position)] = taps[CrossIndex(Partner(channel), opposite)];
            }
        }

        return transposed;
    }

    /// <summary>The inverse of <see cref="FromWeights"/>.</summary>
    public static float[] ToWeights(ReadOnlySpan<double> taps)
    {
        var weights = new float[taps.Length];
        for (int output = 0; output < taps.Length / (2 * Positions); output++)
        {
            for (int position = 0; position < Positions; position++)
            {
                weights[WeightIndex(output, output, position)] = (float)taps[OwnIndex(output, position)];
                weights[WeightIndex(output, Partner(output), position)] = (float)taps[CrossIndex(Partner(output), position)];
            }
        }

        return weights;
    }

    /// <summary>The other channel of a pair: 0 and 1, 2 and 3, …</summary>
    private static int Partner(int channel) => channel ^ 1;

    private static int OwnIndex(int channel, int position) =>
        (channel / ChannelsLastMap.Lanes * VectorStride) + (position * PositionStride) + (channel % ChannelsLastMap.Lanes);

    private static int CrossIndex(int channel, int position) => OwnIndex(channel, position) + CrossOffset;

    private static int WeightIndex(int output, int input, int position) => (((2 * output) + (input % 2)) * Positions) + position;
}
