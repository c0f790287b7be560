using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.ArcFace.Backbones.Kernels;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// A <see cref="SmallGroupsStep{TOutput}"/> in groups of two channels, with stride 1. A channel adds to its own output and
/// to its partner's, which is exchanged at the end.
/// </summary>
internal sealed unsafe class PairedConvolutionStep<TOutput> : SmallGroupsStep<TOutput>
    where TOutput : unmanaged, IMapValue<TOutput>
{
    /// <param name="input">The map that is read, with a border of 1.</param>
    /// <param name="output">The map that is written; at least four pixels wide, its channels a multiple of 16.</param>
    /// <param name="weight">[C, 2, 3, 3]; kept as [C/16, 9, own and cross, 16].</param>
    /// <param name="bias">[C].</param>
    /// <param name="slopes">[C].</param>
    public PairedConvolutionStep(FeatureMap input, FeatureMap output, float[] weight, float[] bias, float[] slopes)
        : base(input, output, weight.Length, bias, slopes, stride: 1)
    {
        for (int channel = 0; channel < bias.Length; channel++)
        {
            int partner = channel ^ 1;
            float* to = Weights.Data + (channel / Lanes * Positions * 2 * Lanes) + (channel % Lanes);
            for (int position = 0; position < Positions; position++, to += 2 * Lanes)
            {
                to[0] = weight[(((channel * 2) + (channel % 2)) * Positions) + position];
                to[Lanes] = weight[(((partner * 2) + (channel % 2)) * Positions) + position];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void ConvolvePixels(float* window, TOutput* output)
    {
        nint channels = Input.Channels, rowStride = Input.RowStride;
        float* weights = Weights.Data, biases = Bias.Data, slopes = Slopes.Data;
        for (nint channel = 0; channel < channels; channel += Lanes, weights += Positions * 2 * Lanes)
        {
            Vector512<float> own0 = Vector512.Load(biases + channel), own1 = own0, own2 = own0, own3 = own0;
            Vector512<float> cross0 = default, cross1 = default, cross2 = default, cross3 = default;
            float* pixel = window + channel, weight = weights;
            for (int row = 0; row < Kernel; row++, pixel += rowStride)
            {
                float* at = pixel;
                for (int column = 0; column < Kernel; column++, at += channels, weight += 2 * Lanes)
                {
                    Vector512<float> own = Vector512.Load(weight), cross = Vector512.Load(weight + Lanes);
                    Vector512<float> value0 = Vector512.Load(at), value1 = Vector512.Load(at + channels);
                    Vector512<float> value2 = Vector512.Load(at + (2 * channels)), value3 = Vector512.Load(at + (3 * channels));
                    own0 = Avx512F.FusedMultiplyAdd(own, value0, own0);
                    own1 = Avx512F.FusedMultiplyAdd(own, value1, own1);
                    own2 = Avx512F.FusedMultiplyAdd(own, value2, own2);
                    own3 = Avx512F.FusedMultiplyAdd(own, value3, own3);
                    cross0 = Avx512F.FusedMultiplyAdd(cross, value0, cross0);
                    cross1 = Avx512F.FusedMultiplyAdd(cross, value1, cross1);
                    cross2 = Avx512F.FusedMultiplyAdd(cross, value2, cross2);
                    cross3 = Avx512F.FusedMultiplyAdd(cross, value3, cross3);
                }
            }

            TOutput* to = output + channel;
            float* slope = slopes + channel;
            TOutput.StoreWide(ChannelActivation.Apply(own0 + ExchangePartners(cross0), slope), to);
            TOutput.StoreWide(ChannelActivation.Apply(own1 + ExchangePartners(cross1), slope), to + channels);
            TOutput.StoreWide(ChannelActivation.Apply(own2 + ExchangePartners(cross2), slope), to + (2 * channels));
            TOutput.StoreWide(ChannelActivation.Apply(own3 + ExchangePartners(cross3), slope), to + (3 * channels));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> ExchangePartners(Vector512<float> pairs) => Avx512F.Shuffle(pairs, pairs, 0b10_11_00_01);
}
