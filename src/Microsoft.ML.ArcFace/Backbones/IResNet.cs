using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// The improved residual network of the ArcFace paper: a 3×3 stem at full resolution, four stages that halve the
/// resolution (112 → 7), and the head BatchNorm → dropout → linear → BatchNorm. Fields bear the published state names.
/// </summary>
internal sealed class IResNet : FaceBackbone
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

    private const double ConvolutionDeviation = 0.1;
    private const long StemChannels = 64;
    private const long LastResolution = 7;
    private static readonly long[] StageChannels = [64, 128, 256, 512];

    private readonly Convolution conv1;
    private readonly BatchNormalization bn1;
    private readonly ParametricRelu prelu;
    private readonly Sequential layer1;
    private readonly Sequential layer2;
    private readonly Sequential layer3;
    private readonly Sequential layer4;
    private readonly BatchNormalization bn2;
    private readonly HeadInput headInput;
    private readonly Linear fc;
    private readonly BatchNormalization features;

    public IResNet(BackboneArchitecture architecture, int[] blocksOfStage, int embeddingSize, double dropout)
        : base(architecture, embeddingSize, dropout)
    {
        conv1 = new Convolution(3, StemChannels, kernel: 3, padding: 1);
        bn1 = new BatchNormalization(StemChannels);
        prelu = new ParametricRelu(StemChannels);
        layer1 = Stage(StemChannels, StageChannels[0], blocksOfStage[0]);
        layer2 = Stage(StageChannels[0], StageChannels[1], blocksOfStage[1]);
        layer3 = Stage(StageChannels[1], StageChannels[2], blocksOfStage[2]);
        layer4 = Stage(StageChannels[2], StageChannels[3], blocksOfStage[3]);
        bn2 = new BatchNormalization(StageChannels[3]);
        fc = nn.Linear(StageChannels[3] * LastResolution * LastResolution, embeddingSize);
        headInput = new HeadInput(dropout, () => fc.weight.dtype);
        features = new BatchNormalization(embeddingSize);
        RegisterComponents();

        // The scale of an embedding's components would only undo what the normalisation of the loss does.
        features.weight.requires_grad = false;
        foreach (var convolution in modules().OfType<Convolution>())
        {
            nn.init.normal_(convolution.Weight, 0, ConvolutionDeviation);
        }
    }

    /// <summary>Finds the network with so many blocks in its stages; null if there is none.</summary>
    public static BackboneArchitecture? ArchitectureOf(int[] blocks) =>
        BlocksOf.Where(known => known.Value.AsSpan().SequenceEqual(blocks)).Select(known => (BackboneArchitecture?)known.Key).FirstOrDefault();

    protected override IReadOnlyList<nn.Module[]> StemAndStages => [[conv1, bn1, prelu], [layer1], [layer2], [layer3], [layer4]];

    public override Tensor forward(Tensor input) =>
        conv1.call(input).Into(bn1, prelu)
            .Into(layer1).Into(layer2).Into(layer3).Into(layer4)
            .Into(bn2).Into(headInput).Into(fc).Into(features);

    private static Sequential Stage(long inputChannels, long outputChannels, int blocks)
    {
        var stage = nn.Sequential(new IResNetBlock(inputChannels, outputChannels, stride: 2));
        for (var block = 1; block < blocks; block++)
        {
            stage.append(new IResNetBlock(outputChannels, outputChannels, stride: 1));
        }

        return stage;
    }
}
