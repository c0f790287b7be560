namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>The backbones as chains of convolutions with folded norms: [batch, 3, 112, 112] → [batch, d], not normalised.</summary>
internal static class FoldedBackbone
{
    private const int FaceChannels = 3;

    /// <summary>Gives the layers of a backbone to <paramref name="layers"/>, from the input to the embedding.</summary>
    public static TValue Build<TValue>(BackboneState state, BackboneArchitecture architecture, TValue input, IFoldedLayers<TValue> layers)
        where TValue : class =>
        architecture is BackboneArchitecture.MobileFaceNet or BackboneArchitecture.MobileFaceNetLarge
            ? new MobileFaceNetChain<TValue>(state, layers).Build(input)
            : new IResNetChain<TValue>(state, layers).Build(input);

    private sealed class IResNetChain<TValue>(BackboneState state, IFoldedLayers<TValue> layers)
        where TValue : class
    {
        private int _channels = FaceChannels;

        public TValue Build(TValue input)
        {
            TValue value = layers.Convolution(input, Convolution("conv1", "bn1", stride: 1, padding: 1) with { Activation = "prelu" }, shortcut: null);
            _channels = state.OutputChannels("conv1");
            for (int stage = 1; stage <= FaceBackbone.StageCount; stage++)
            {
                for (int block = 0; state.Has($"layer{stage}.{block}.conv1"); block++)
                {
                    value = AddBlock(value, $"layer{stage}.{block}.", stride: block == 0 ? 2 : 1);
                }
            }

            return layers.Linear(value, new FoldedLinear("fc", "features") { NormBefore = "bn2" });
        }

        private TValue AddBlock(TValue input, string name, int stride)
        {
            TValue shortcut = state.Has(name + "downsample.0")
                ? layers.Convolution(input, Convolution(name + "downsample.0", name + "downsample.1", stride, padding: 0), shortcut: null)
                : input;
            FoldedConvolution first = Convolution(name + "conv1", name + "bn2", stride: 1, padding: 1) with { NormBefore = name + "bn1", Activation = name + "prelu" };
            TValue value = layers.Convolution(input, first, shortcut: null);
            _channels = state.OutputChannels(name + "conv1");
            value = layers.Convolution(value, Convolution(name + "conv2", name + "bn3", stride, padding: 1), shortcut);
            _channels = state.OutputChannels(name + "conv2");
            return value;
        }

        private FoldedConvolution Convolution(string name, string norm, int stride, int padding) => new(name, norm, stride, padding, _channels);
    }

    private sealed class MobileFaceNetChain<TValue>(BackboneState state, IFoldedLayers<TValue> layers)
        where TValue : class
    {
        private int _channels = FaceChannels;

        public TValue Build(TValue input)
        {
            TValue value = AddUnit(input, "layers.0.", stride: 2, padding: 1);
            value = state.Has("layers.1.layers.0") ? AddUnit(value, "layers.1.", stride: 1, padding: 1) : AddResidualStack(value, "layers.1.");
            for (int stage = 2; stage <= 6; stage += 2)
            {
                value = AddBottleneck(value, $"layers.{stage}.", stride: 2, hasShortcut: false);
                value = AddResidualStack(value, $"layers.{stage + 1}.");
            }

            value = AddUnit(value, "conv_sep.", stride: 1, padding: 0);
            value = AddUnit(value, "features.layers.0.", stride: 1, padding: 0);
            return layers.Linear(value, new FoldedLinear("features.layers.2", "features.layers.3"));
        }

        private TValue AddResidualStack(TValue input, string name)
        {
            TValue value = input;
            for (int block = 0; state.Has($"{name}layers.{block}.layers.0.layers.0"); block++)
            {
                value = AddBottleneck(value, $"{name}layers.{block}.", stride: 1, hasShortcut: true);
            }

            return value;
        }

        private TValue AddBottleneck(TValue input, string name, int stride, bool hasShortcut)
        {
            TValue value = AddUnit(input, name + "layers.0.", stride: 1, padding: 0);
            value = AddUnit(value, name + "layers.1.", stride, padding: 1);
            return AddUnit(value, name + "layers.2.", stride: 1, padding: 0, shortcut: hasShortcut ? input : null);
        }

        /// <summary>Convolution with its BatchNorm, and PReLU unless the unit is linear.</summary>
        private TValue AddUnit(TValue input, string name, int stride, int padding, TValue? shortcut = null)
        {
            var unit = new FoldedConvolution(name + "layers.0", name + "layers.1", stride, padding, _channels)
            {
                Activation = state.Has(name + "layers.2") ? name + "layers.2" : null,
            };
            _channels = state.OutputChannels(name + "layers.0");
            return layers.Convolution(input, unit, shortcut);
        }
    }
}
