using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.ArcFace.Backbones.Kernels;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// A 3×3 convolution with padding 1 of every channel for itself, with bias and PReLU: [images,H,W,C] → [images,H′,W′,C].
/// The nine weights of 16 channels are loaded once for four pixels of a row.
/// </summary>
internal sealed unsafe class DepthwiseConvolutionStep<TOutput> : InferenceStep
    where TOutput : unmanaged, IMapValue<TOutput>
{
    private const int Lanes = 16, Kernel = 3, Together = 4;

    private readonly int _stride;
    private readonly NativeFloats _weights;     // [C/16, 9, 16]
    private readonly NativeFloats _bias;        // [C]
    private readonly NativeFloats _slopes;      // [C]

    /// <param name="input">The map that is read, with a border of 1.</param>
    /// <param name="output">The map that is written; at least four pixels wide, its channels a multiple of 16.</param>
    /// <param name="weight">[C, 1, 3, 3].</param>
    /// <param name="bias">[C].</param>
    /// <param name="slopes">[C].</param>
    /// <param name="stride">In both directions.</param>
    public DepthwiseConvolutionStep(FeatureMap input, FeatureMap output, float[] weight, float[] bias, float[] slopes, int stride)
        : base(input, output, shortcut: null)
    {
        _stride = stride;
        (_bias, _slopes) = (new NativeFloats(bias), new NativeFloats(slopes));
        _weights = new NativeFloats(weight.Length);
        for (int channel = 0; channel < bias.Length; channel++)
        {
            for (int position = 0; position < Kernel * Kernel; position++)
            {
                _weights.Data[(channel / Lanes * Kernel * Kernel * Lanes) + (position * Lanes) + (channel % Lanes)] = weight[(channel * Kernel * Kernel) + position];
            }
        }
    }

    public override int PartCount(int images) => images * Output.Height;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        for (int line = begin; line < end; line++)
        {
            (int image, int row) = Math.DivRem(line, Output.Height);
            for (int column = 0; column < Output.Width; column += Together)
            {
                // The last four overlap the ones before where the width is no multiple of four.
                int first = Math.Min(column, Output.Width - Together);
                ConvolvePixels((float*)memory.Input.Address + Input.Offset(image, (row * _stride) - 1, (first * _stride) - 1), (TOutput*)memory.Output.Address + Output.Offset(image, row, first));
            }
        }
    }

    public override void Dispose()
    {
        _weights.Dispose();
        _bias.Dispose();
        _slopes.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ConvolvePixels(float* window, TOutput* output)
    {
        nint channels = Input.Channels, step = _stride * channels, rowStride = Input.RowStride, outputs = Output.Channels;
        float* weights = _weights.Data, biases = _bias.Data, slopes = _slopes.Data;
        for (nint channel = 0; channel < channels; channel += Lanes, weights += Kernel * Kernel * Lanes)
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
