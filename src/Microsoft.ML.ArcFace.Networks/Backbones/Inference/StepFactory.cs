namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>Makes the steps that are compiled for the width of the processor's registers.</summary>
internal abstract class StepFactory
{
    /// <summary>Pixels of a row that steps of small groups compute at once; no row may be shorter.</summary>
    public const int PixelsAtOnce = 4;

    /// <summary>Makes steps for registers of a width that the processor has; <paramref name="bfloat16"/> makes those that read maps in bfloat16.</summary>
    public static StepFactory For(VectorWidth width, IBFloat16Arithmetic? bfloat16) => (width, VectorWidths.HasManyRegisters(width)) switch
    {
        (VectorWidth.Bits512, _) => new OfWidth<Lanes16, LaneQuad<Lanes16>>(bfloat16),
        (VectorWidth.Bits256, _) => new OfWidth<Lanes8, LanePair<Lanes8>>(bfloat16),
        (_, true) => new OfWidth<Lanes4, LaneQuad<Lanes4>>(bfloat16),
        _ => new OfWidth<Lanes4, LanePair<Lanes4>>(bfloat16),
    };

    /// <summary>A convolution over all channels, with bias, activation and shortcut, see <see cref="DenseConvolutionStep{TPanel, TOutput}"/>.</summary>
    public abstract InferenceStep Dense(FeatureMap input, FeatureMap output, FeatureMap? shortcut, LayerWeights weights, LayerActivation activation, ConvolutionWindow window);

    public abstract InferenceStep Depthwise(FeatureMap input, FeatureMap output, (float[] Weight, float[] Bias) weights, LayerActivation activation, int stride);

    /// <summary>The greatest numbers of windows within a map of float32.</summary>
    public abstract InferenceStep Greatest(FeatureMap input, FeatureMap output, ConvolutionWindow window);

    public abstract InferenceStep Paired(FeatureMap input, FeatureMap output, (float[] Weight, float[] Bias) weights, LayerActivation activation);

    /// <typeparam name="TLanes">The channels of one register.</typeparam>
    /// <typeparam name="TPanel">The channels of as many registers as a tile of a dense convolution has.</typeparam>
    private sealed class OfWidth<TLanes, TPanel>(IBFloat16Arithmetic? bfloat16) : StepFactory
        where TLanes : unmanaged, ILanes<TLanes>
        where TPanel : unmanaged, IChannels<TPanel>
    {
        public override InferenceStep Dense(FeatureMap input, FeatureMap output, FeatureMap? shortcut, LayerWeights weights, LayerActivation activation, ConvolutionWindow window) =>
            (input.IsBFloat16, output.IsBFloat16) switch
            {
                // Few channels fill fewer registers.
                (false, false) when output.Channels % TPanel.Count == 0 => new DenseConvolutionStep<TPanel, SingleValue>(input, output, shortcut, weights, activation, window),
                (false, false) when output.Channels % LanePair<TLanes>.Count == 0 => new DenseConvolutionStep<LanePair<TLanes>, SingleValue>(input, output, shortcut, weights, activation, window),
                (false, false) => new DenseConvolutionStep<TLanes, SingleValue>(input, output, shortcut, weights, activation, window),
                (false, true) => new DenseConvolutionStep<TPanel, BFloat16Value>(input, output, shortcut, weights, activation, window),
                (true, false) => bfloat16!.Dense<TLanes, SingleValue>(input, output, shortcut, weights, activation.AsSlopes(output.Channels), window.Rows, window.RowStride, window.Padding),
                (true, true) => bfloat16!.Dense<TLanes, BFloat16Value>(input, output, shortcut, weights, activation.AsSlopes(output.Channels), window.Rows, window.RowStride, window.Padding),
            };

        public override InferenceStep Depthwise(FeatureMap input, FeatureMap output, (float[] Weight, float[] Bias) weights, LayerActivation activation, int stride) => output.IsBFloat16
            ? new DepthwiseConvolutionStep<TLanes, BFloat16Value>(input, output, weights.Weight, weights.Bias, activation, stride)
            : new DepthwiseConvolutionStep<TLanes, SingleValue>(input, output, weights.Weight, weights.Bias, activation, stride);

        public override InferenceStep Greatest(FeatureMap input, FeatureMap output, ConvolutionWindow window) => new LanePoolStep<TLanes>(input, output, window);

        public override InferenceStep Paired(FeatureMap input, FeatureMap output, (float[] Weight, float[] Bias) weights, LayerActivation activation) => output.IsBFloat16
            ? new PairedConvolutionStep<TLanes, BFloat16Value>(input, output, weights.Weight, weights.Bias, activation)
            : new PairedConvolutionStep<TLanes, SingleValue>(input, output, weights.Weight, weights.Bias, activation);
    }
}
