using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// Describes the improved residual network of the ArcFace paper: a 3×3 stem at full resolution, four stages that halve the
/// resolution (112 → 7), and the head BatchNorm → dropout → linear → BatchNorm. The tensors have their published names.
/// </summary>
internal static class IResNet
{
    /// <summary>Residual blocks in each of the four stages.</summary>
    public static readonly IReadOnlyDictionary<BackboneArchitecture, int[]> BlocksOf = new Dictionary<BackboneArchitecture, int[]>
    {
        [BackboneArchitecture.IResNet18] = [2, 2, 2, 2],
        [BackboneArchitecture.IResNet34] = [3, 4, 6, 3],
        [BackboneArchitecture.IResNet50] = [3, 4, 14, 3],
        [BackboneArchitecture.IResNet100] = [3, 13, 30, 3],
        [BackboneArchitecture.IResNet200] = [6, 26, 60, 6],
    };

    private const long StemChannels = 64;
    private static readonly long[] StageChannels = [64, 128, 256, 512];
    private static readonly WeightInitialization Drawn = new WeightInitialization.Normal(0.1);

    /// <summary>Describes the network with so many blocks in its stages.</summary>
    public static NetworkDescription Describe(string name, int[] blocksOfStage, int embeddingSize, double dropout)
    {
        var network = new NetworkBuilder(name, FaceInput.Name, FaceInput.Channels, FaceInput.Size, FaceInput.Size);
        string value = network.Convolution(FaceInput.Name, "conv1", StemChannels, Drawn, kernel: 3, padding: 1);
        value = network.BatchNormalization(value, "bn1");
        value = network.ParametricRelu(value, "prelu");
        for (int stage = 1; stage <= blocksOfStage.Length; stage++)
        {
            network.Stage = stage;
            for (int block = 0; block < blocksOfStage[stage - 1]; block++)
            {
                value = AddBlock(network, value, $"layer{stage}.{block}.", StageChannels[stage - 1], stride: block == 0 ? 2 : 1);
            }
        }

        network.Stage = blocksOfStage.Length + 1;
        value = network.HeadInput(network.BatchNormalization(value, "bn2"), name: "", dropout);
        value = network.Linear(value, "fc", embeddingSize, hasBias: true, initialization: null);

        // The scale of an embedding's components would only undo what the normalization of the loss does.
        return network.Build(network.BatchNormalization(value, "features", isScaleFixed: true));
    }

    /// <summary>Finds the network with so many blocks in its stages; null if there is none.</summary>
    public static BackboneArchitecture? ArchitectureOf(int[] blocks) =>
        BlocksOf.Where(known => known.Value.AsSpan().SequenceEqual(blocks)).Select(known => (BackboneArchitecture?)known.Key).FirstOrDefault();

    /// <summary>
    /// bn1 → conv1 → bn2 → prelu → conv2(stride) → bn3, plus the shortcut: [B,in,H,W] → [B,out,H/stride,W/stride]. Without an
    /// activation after the sum.
    /// </summary>
    private static string AddBlock(NetworkBuilder network, string input, string name, long channels, long stride)
    {
        string value = network.BatchNormalization(input, name + "bn1");
        value = network.Convolution(value, name + "conv1", channels, Drawn, kernel: 3, padding: 1);
        value = network.BatchNormalization(value, name + "bn2");
        value = network.ParametricRelu(value, name + "prelu");
        value = network.Convolution(value, name + "conv2", channels, Drawn, kernel: 3, stride, padding: 1);
        value = network.BatchNormalization(value, name + "bn3");
        string shortcut = input;
        if (stride != 1 || network.Channels(input) != channels)
        {
            shortcut = network.Convolution(input, name + "downsample.0", channels, Drawn, kernel: 1, stride);
            shortcut = network.BatchNormalization(shortcut, name + "downsample.1");
        }

        return network.Sum(value, shortcut, name + "sum");
    }
}
