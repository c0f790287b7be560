using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// Describes MobileFaceNet as InsightFace builds it: a strided stem, inverted bottlenecks from 56 to 7 pixels, a 1×1
/// convolution to 512 channels and a global depthwise convolution as pooling. The tensors have their published names.
/// </summary>
internal static class MobileFaceNet
{
    private const long LastChannels = 512, LastResolution = 7;
    private static readonly WeightInitialization Drawn = new WeightInitialization.KaimingNormalByFanOut();

    /// <summary>Describes one of the two published networks.</summary>
    /// <param name="name">The name of the architecture.</param>
    /// <param name="blocks">Residual blocks at 56, 28, 14 and 7 pixels; a single one at 56 is a grouped convolution.</param>
    /// <param name="scale">The width: the stem has 64·scale channels.</param>
    /// <param name="embeddingSize">Components of the embedding.</param>
    /// <param name="dropout">The share of the pooled features that is set to 0 in training.</param>
    public static NetworkDescription Describe(string name, int[] blocks, long scale, int embeddingSize, double dropout)
    {
        long channels = 64 * scale;
        var network = new NetworkBuilder(name, FaceInput.Name, FaceInput.Channels, FaceInput.Size, FaceInput.Size);
        string value = AddUnit(network, FaceInput.Name, "layers.0.", channels, kernel: 3, stride: 2, padding: 1);

        // At 56, 28, 14 and 7 pixels.
        network.Stage = 1;
        value = blocks[0] == 1
            ? AddUnit(network, value, "layers.1.", channels, kernel: 3, padding: 1, groups: 64)
            : AddStack(network, value, "layers.1.", blocks[0], innerChannels: 128);
        network.Stage = 2;
        value = AddBottleneck(network, value, "layers.2.", channels, innerChannels: 128, stride: 2);
        value = AddStack(network, value, "layers.3.", blocks[1], innerChannels: 128);
        network.Stage = 3;
        value = AddBottleneck(network, value, "layers.4.", 2 * channels, innerChannels: 256, stride: 2);
        value = AddStack(network, value, "layers.5.", blocks[2], innerChannels: 256);
        network.Stage = 4;
        value = AddBottleneck(network, value, "layers.6.", 2 * channels, innerChannels: 512, stride: 2);
        value = AddStack(network, value, "layers.7.", blocks[3], innerChannels: 256);

        network.Stage = 5;
        value = AddUnit(network, value, "conv_sep.", LastChannels, kernel: 1);
        value = AddUnit(network, value, "features.layers.0.", LastChannels, LastResolution, groups: LastChannels, isLinear: true);
        value = network.HeadInput(value, "features.", dropout);
        value = network.Linear(value, "features.layers.2", embeddingSize, hasBias: false, Drawn);
        return network.Build(network.BatchNormalization(value, "features.layers.3"));
    }

    /// <summary>Finds the network whose stem has so many channels; null if there is none.</summary>
    public static BackboneArchitecture? ArchitectureOf(long stemChannels) => stemChannels switch
    {
        128 => BackboneArchitecture.MobileFaceNet,
        256 => BackboneArchitecture.MobileFaceNetLarge,
        _ => null,
    };

    /// <summary>Inverted bottlenecks with shortcuts, one after the other: [B,C,H,W] → [B,C,H,W].</summary>
    private static string AddStack(NetworkBuilder network, string value, string name, int blocks, long innerChannels)
    {
        for (int block = 0; block < blocks; block++)
        {
            string unit = $"{name}layers.{block}.";
            value = network.Sum(AddBottleneck(network, value, unit, network.Channels(value), innerChannels, stride: 1), value, unit + "sum");
        }

        return value;
    }

    /// <summary>1×1 in→inner, depthwise 3×3 with the stride, 1×1 inner→out without activation.</summary>
    private static string AddBottleneck(NetworkBuilder network, string value, string name, long outputs, long innerChannels, long stride)
    {
        value = AddUnit(network, value, name + "layers.0.", innerChannels, kernel: 1);
        value = AddUnit(network, value, name + "layers.1.", innerChannels, kernel: 3, stride, padding: 1, groups: innerChannels);
        return AddUnit(network, value, name + "layers.2.", outputs, kernel: 1, isLinear: true);
    }

    /// <summary>Convolution → BatchNorm → PReLU, the last one unless it is linear.</summary>
    private static string AddUnit(NetworkBuilder network, string value, string name, long outputs, long kernel, long stride = 1, long padding = 0, long groups = 1, bool isLinear = false)
    {
        value = network.Convolution(value, name + "layers.0", outputs, Drawn, kernel, stride, padding, groups);
        value = network.BatchNormalization(value, name + "layers.1");
        return isLinear ? value : network.ParametricRelu(value, name + "layers.2");
    }
}
