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
    protected override void ConvolveRow(float* window, TOutput* output)
    {
        nint channels = Input.Channels, step = Stride * channels, rowStride = Input.RowStride, outputs = Output.Channels, last = Output.Width - StepFactory.PixelsAtOnce;
        float* firstWeights = Weights.Data, biases = Bias.Data, slopes = Slopes is null ? null : Slopes.Data;
        LayerActivation activation = Activation;
        bool isSliding = Stride == 1;
        for (nint begin = 0; begin < Output.Width; begin += StepFactory.PixelsAtOnce)
        {
            nint first = Math.Min(begin, last);
            float* pixels = window + (first * step), weight = firstWeights;
            TOutput* to = output + (first * outputs);
            for (nint channel = 0; channel < channels; channel += TLanes.Count, to += TLanes.Count)
            {
                TLanes sum0 = TLanes.Load(biases + channel), sum1 = sum0, sum2 = sum0, sum3 = sum0;
                float* at = pixels + channel;
                for (int row = 0; row < Kernel; row++, at += rowStride, weight += Kernel * TLanes.Count)
                {
                    TLanes left = TLanes.Load(weight), middle = TLanes.Load(weight + TLanes.Count), right = TLanes.Load(weight + (2 * TLanes.Count));
                    if (isSliding)
                    {
                        // Pixels side by side share values.
                        TLanes value0 = TLanes.Load(at), value1 = TLanes.Load(at + channels), value2 = TLanes.Load(at + (2 * channels));
                        TLanes value3 = TLanes.Load(at + (3 * channels)), value4 = TLanes.Load(at + (4 * channels)), value5 = TLanes.Load(at + (5 * channels));
                        AddRow(ref sum0, left, middle, right, value0, value1, value2);
                        AddRow(ref sum1, left, middle, right, value1, value2, value3);
                        AddRow(ref sum2, left, middle, right, value2, value3, value4);
                        AddRow(ref sum3, left, middle, right, value3, value4, value5);
                    }
                    else
                    {
                        AddRow(ref sum0, left, middle, right, at, channels);
                        AddRow(ref sum1, left, middle, right, at + step, channels);
                        AddRow(ref sum2, left, middle, right, at + (2 * step), channels);
                        AddRow(ref sum3, left, middle, right, at + (3 * step), channels);
                    }
                }

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow(ref TLanes sum, in TLanes left, in TLanes middle, in TLanes right, float* at, nint channels) =>
        AddRow(ref sum, left, middle, right, TLanes.Load(at), TLanes.Load(at + channels), TLanes.Load(at + (2 * channels)));

    /// <summary>Adds a row of the kernel times three neighboring values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow(ref TLanes sum, in TLanes left, in TLanes middle, in TLanes right, in TLanes first, in TLanes second, in TLanes third)
    {
        sum.AddProduct(left, first);
        sum.AddProduct(middle, second);
        sum.AddProduct(right, third);
    }
}
