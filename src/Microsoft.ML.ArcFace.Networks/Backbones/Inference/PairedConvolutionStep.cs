using System.Runtime.CompilerServices;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// A <see cref="SmallGroupsStep{TLanes, TOutput}"/> in groups of two channels, with stride 1. A channel adds to its own output and
/// to its partner's, which is exchanged at the end.
/// </summary>
internal sealed unsafe class PairedConvolutionStep<TLanes, TOutput> : SmallGroupsStep<TLanes, TOutput>
    where TLanes : unmanaged, ILanes<TLanes>
    where TOutput : unmanaged, IMapValue<TOutput>
{
    /// <param name="input">The map that is read, with a border of 1.</param>
    /// <param name="output">The map that is written; at least four pixels wide, its channels a multiple of 16.</param>
    /// <param name="weight">[C, 2, 3, 3]; kept as [C/lanes, 9, own and cross, lanes].</param>
    /// <param name="bias">[C].</param>
    /// <param name="activation">What is done with the sums.</param>
    public PairedConvolutionStep(FeatureMap input, FeatureMap output, float[] weight, float[] bias, LayerActivation activation)
        : base(input, output, weight.Length, bias, activation, stride: 1)
    {
        for (int channel = 0; channel < bias.Length; channel++)
        {
            int partner = channel ^ 1;
            float* to = Weights.Data + (channel / TLanes.Count * Positions * 2 * TLanes.Count) + (channel % TLanes.Count);
            for (int position = 0; position < Positions; position++, to += 2 * TLanes.Count)
            {
                to[0] = weight[(((channel * 2) + (channel % 2)) * Positions) + position];
                to[TLanes.Count] = weight[(((partner * 2) + (channel % 2)) * Positions) + position];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void ConvolveRow(float* window, TOutput* output)
    {
        nint channels = Input.Channels, rowStride = Input.RowStride, last = Output.Width - StepFactory.PixelsAtOnce;
        float* biases = Bias.Data, slopes = Slopes is null ? null : Slopes.Data;
        LayerActivation activation = Activation;
        for (nint begin = 0; begin < Output.Width; begin += StepFactory.PixelsAtOnce)
        {
            nint offset = Math.Min(begin, last) * channels;
            float* pixels = window + offset, weight = Weights.Data;
            TOutput* first = output + offset;
            for (nint channel = 0; channel < channels; channel += TLanes.Count)
            {
                TLanes own0 = TLanes.Load(biases + channel), own1 = own0, own2 = own0, own3 = own0;
                TLanes cross0 = default, cross1 = default, cross2 = default, cross3 = default;
                float* pixel = pixels + channel;
                for (int row = 0; row < Kernel; row++, pixel += rowStride)
                {
                    float* at = pixel;
                    for (int column = 0; column < Kernel; column++, at += channels, weight += 2 * TLanes.Count)
                    {
                        TLanes own = TLanes.Load(weight), cross = TLanes.Load(weight + TLanes.Count);
                        TLanes value0 = TLanes.Load(at), value1 = TLanes.Load(at + channels);
                        TLanes value2 = TLanes.Load(at + (2 * channels)), value3 = TLanes.Load(at + (3 * channels));
                        own0.AddProduct(own, value0);
                        own1.AddProduct(own, value1);
                        own2.AddProduct(own, value2);
                        own3.AddProduct(own, value3);
                        cross0.AddProduct(cross, value0);
                        cross1.AddProduct(cross, value1);
                        cross2.AddProduct(cross, value2);
                        cross3.AddProduct(cross, value3);
                    }
                }

                TOutput* to = first + channel;
                float* slope = slopes == null ? null : slopes + channel;
                own0.AddPartners(cross0);
                Activate(ref own0, slope, activation);
                own0.Store(to);
                own1.AddPartners(cross1);
                Activate(ref own1, slope, activation);
                own1.Store(to + channels);
                own2.AddPartners(cross2);
                Activate(ref own2, slope, activation);
                own2.Store(to + (2 * channels));
                own3.AddPartners(cross3);
                Activate(ref own3, slope, activation);
                own3.Store(to + (3 * channels));
            }
        }
    }
}
