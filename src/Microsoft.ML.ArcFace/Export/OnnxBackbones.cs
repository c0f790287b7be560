using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Export;

/// <summary>The backbones as graphs: [batch, 3, 112, 112] → [batch, d], not normalised.</summary>
internal static class OnnxBackbones
{
    public static string Add(OnnxLayers layers, string input, BackboneArchitecture architecture) =>
        architecture is BackboneArchitecture.MobileFaceNet or BackboneArchitecture.MobileFaceNetLarge ? AddMobileFaceNet(layers, input) : AddIResNet(layers, input);

    private static string AddIResNet(OnnxLayers layers, string input)
    {
        string value = layers.Convolution(input, "conv1", "bn1", stride: 1, padding: 1, inputChannels: 3);
        value = layers.PRelu(value, "prelu");
        long channels = layers.ChannelsOf("conv1");
        for (int stage = 1; stage <= FaceBackbone.StageCount; stage++)
        {
            for (int block = 0; layers.Has($"layer{stage}.{block}.conv1"); block++)
            {
                value = AddIResNetBlock(layers, value, $"layer{stage}.{block}.", stride: block == 0 ? 2 : 1, ref channels);
            }
        }

        return layers.Linear(value, "fc", normBehind: "features", normBefore: "bn2");
    }

    private static string AddIResNetBlock(OnnxLayers layers, string input, string name, long stride, ref long channels)
    {
        string value = layers.Norm(input, name + "bn1");
        value = layers.Convolution(value, name + "conv1", name + "bn2", stride: 1, padding: 1, channels);
        value = layers.PRelu(value, name + "prelu");
        value = layers.Convolution(value, name + "conv2", name + "bn3", stride, padding: 1, layers.ChannelsOf(name + "conv1"));
        string shortcut = layers.Has(name + "downsample.0")
            ? layers.Convolution(input, name + "downsample.0", name + "downsample.1", stride, padding: 0, channels)
            : input;
        channels = layers.ChannelsOf(name + "conv2");
        return layers.Add(value, shortcut);
    }

    private static string AddMobileFaceNet(OnnxLayers layers, string input)
    {
        long channels = 3;
        string value = AddUnit(layers, input, "layers.0.", stride: 2, padding: 1, ref channels);
        value = layers.Has("layers.1.layers.0")
            ? AddUnit(layers, value, "layers.1.", stride: 1, padding: 1, ref channels)
            : AddResidualStack(layers, value, "layers.1.", ref channels);
        for (int stage = 2; stage <= 6; stage += 2)
        {
            value = AddBottleneck(layers, value, $"layers.{stage}.", stride: 2, hasShortcut: false, ref channels);
            value = AddResidualStack(layers, value, $"layers.{stage + 1}.", ref channels);
        }

        value = AddUnit(layers, value, "conv_sep.", stride: 1, padding: 0, ref channels);
        value = AddUnit(layers, value, "features.layers.0.", stride: 1, padding: 0, ref channels);
        return layers.Linear(value, "features.layers.2", normBehind: "features.layers.3");
    }

    private static string AddResidualStack(OnnxLayers layers, string input, string name, ref long channels)
    {
        string value = input;
        for (int block = 0; layers.Has($"{name}layers.{block}.layers.0.layers.0"); block++)
        {
            value = AddBottleneck(layers, value, $"{name}layers.{block}.", stride: 1, hasShortcut: true, ref channels);
        }

        return value;
    }

    private static string AddBottleneck(OnnxLayers layers, string input, string name, long stride, bool hasShortcut, ref long channels)
    {
        string value = AddUnit(layers, input, name + "layers.0.", stride: 1, padding: 0, ref channels);
        value = AddUnit(layers, value, name + "layers.1.", stride, padding: 1, ref channels);
        value = AddUnit(layers, value, name + "layers.2.", stride: 1, padding: 0, ref channels);
        return hasShortcut ? layers.Add(value, input) : value;
    }

    /// <summary>Convolution with its BatchNorm, and PReLU unless the unit is linear.</summary>
    private static string AddUnit(OnnxLayers layers, string input, string name, long stride, long padding, ref long channels)
    {
        string value = layers.Convolution(input, name + "layers.0", name + "layers.1", stride, padding, channels);
        channels = layers.ChannelsOf(name + "layers.0");
        return layers.Has(name + "layers.2") ? layers.PRelu(value, name + "layers.2") : value;
    }
}
