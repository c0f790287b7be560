using System.Runtime.CompilerServices;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>A <see cref="SmallGroupsStep{TLanes, TOutput}"/> of every channel for itself.</summary>
internal sealed unsafe class DepthwiseConvolutionStep<TLanes, TOutput> : SmallGroupsStep<TLanes, TOutput>
    where TLanes : unmanaged, ILanes<TLanes>
    where TOutput : unmanaged, IMapValue<TOutput>
{
    /// <param name="input">The map that is read, with a border of 1.</param>
    /// <param name="output">The map that is written; at least four pixels wide, its channels a multiple of 16.</param>
    /// <param name="weight">[C, 1, 3, 3]; kept as [C/lanes, 9, lanes].</param>
    /// <param name="bias">[C].</param>
    /// <param name="activation">What is done with the sums.</param>
    /// <param name="stride">In both directions.</param>
    public DepthwiseConvolutionStep(FeatureMap input, FeatureMap output, float[] weight, float[] bias, LayerActivation activation, int stride)
        : base(input, output, weight.Length, bias, activation, stride)
    {
        for (int channel = 0; channel < bias.Length; channel++)
        {
            for (int position = 0; position < Positions; position++)
            {
                Weights.Data[(channel / TLanes.Count * Positions * TLanes.Count) + (position * TLanes.Count) + (channel % TLanes.Count)] = weight[(channel * Positions) + position];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void ConvolvePixels(float* window, TOutput* output)
    {
        nint channels = Input.Channels, step = Stride * channels, rowStride = Input.RowStride, outputs = Output.Channels;
        float* weights = Weights.Data, biases = Bias.Data, slopes = Slopes is null ? null : Slopes.Data;
        LayerActivation activation = Activation;
        for (nint channel = 0; channel < channels; channel += TLanes.Count, weights += Positions * TLanes.Count)
        {
            TLanes sum0 = TLanes.Load(biases + channel), sum1 = sum0, sum2 = sum0, sum3 = sum0;
            float* pixel = window + channel, weight = weights;
            for (int row = 0; row < Kernel; row++, pixel += rowStride)
            {
                float* at = pixel;
                for (int column = 0; column < Kernel; column++, at += channels, weight += TLanes.Count)
                {
                    TLanes factor = TLanes.Load(weight);
                    sum0.AddProduct(factor, TLanes.Load(at));
                    sum1.AddProduct(factor, TLanes.Load(at + step));
                    sum2.AddProduct(factor, TLanes.Load(at + (2 * step)));
                    sum3.AddProduct(factor, TLanes.Load(at + (3 * step)));
                }
            }

            TOutput* to = output + channel;
            float* slope = slopes == null ? null : slopes + channel;
            Activate(ref sum0, slope, activation);
            sum0.Store(to);
            Activate(ref sum1, slope, activation);
            sum1.Store(to + outputs);
            Activate(ref sum2, slope, activation);
            sum2.Store(to + (2 * outputs));
            Activate(ref sum3, slope, activation);
            sum3.Store(to + (3 * outputs));
        }
    }
}
