using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.ArcFace.Backbones.Kernels;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>A <see cref="SmallGroupsStep{TOutput}"/> of every channel for itself.</summary>
internal sealed unsafe class DepthwiseConvolutionStep<TOutput> : SmallGroupsStep<TOutput>
    where TOutput : unmanaged, IMapValue<TOutput>
{
    /// <param name="input">The map that is read, with a border of 1.</param>
    /// <param name="output">The map that is written; at least four pixels wide, its channels a multiple of 16.</param>
    /// <param name="weight">[C, 1, 3, 3]; kept as [C/16, 9, 16].</param>
    /// <param name="bias">[C].</param>
    /// <param name="slopes">[C].</param>
    /// <param name="stride">In both directions.</param>
    public DepthwiseConvolutionStep(FeatureMap input, FeatureMap output, float[] weight, float[] bias, float[] slopes, int stride)
        : base(input, output, weight.Length, bias, slopes, stride)
    {
        for (int channel = 0; channel < bias.Length; channel++)
        {
            for (int position = 0; position < Positions; position++)
            {
                Weights.Data[(channel / Lanes * Positions * Lanes) + (position * Lanes) + (channel % Lanes)] = weight[(channel * Positions) + position];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void ConvolvePixels(float* window, TOutput* output)
    {
        nint channels = Input.Channels, step = Stride * channels, rowStride = Input.RowStride, outputs = Output.Channels;
        float* weights = Weights.Data, biases = Bias.Data, slopes = Slopes.Data;
        for (nint channel = 0; channel < channels; channel += Lanes, weights += Positions * Lanes)
        {
            Vector512<float> sum0 = Vector512.Load(biases + channel), sum1 = sum0, sum2 = sum0, sum3 = sum0;
            float* pixel = window + channel, weight = weights;
            for (int row = 0; row < Kernel; row++, pixel += rowStride)
            {
                float* at = pixel;
                for (int column = 0; column < Kernel; column++, at += channels, weight += Lanes)
                {
                    Vector512<float> factor = Vector512.Load(weight);
                    sum0 = Avx512F.FusedMultiplyAdd(factor, Vector512.Load(at), sum0);
                    sum1 = Avx512F.FusedMultiplyAdd(factor, Vector512.Load(at + step), sum1);
                    sum2 = Avx512F.FusedMultiplyAdd(factor, Vector512.Load(at + (2 * step)), sum2);
                    sum3 = Avx512F.FusedMultiplyAdd(factor, Vector512.Load(at + (3 * step)), sum3);
                }
            }

            TOutput* to = output + channel;
            float* slope = slopes + channel;
            TOutput.StoreWide(ChannelActivation.Apply(sum0, slope), to);
            TOutput.StoreWide(ChannelActivation.Apply(sum1, slope), to + outputs);
            TOutput.StoreWide(ChannelActivation.Apply(sum2, slope), to + (2 * outputs));
            TOutput.StoreWide(ChannelActivation.Apply(sum3, slope), to + (3 * outputs));
        }
    }
}
