using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// MobileFaceNet as InsightFace builds it: a strided stem, inverted bottlenecks from 56 to 7 pixels, a 1×1 convolution to
/// 512 channels and a global depthwise convolution as pooling. Fields bear the published state names.
/// </summary>
internal sealed class MobileFaceNet : FaceBackbone
{
    private const long LastChannels = 512;

    private readonly Sequential layers;
    private readonly ConvolutionUnit conv_sep;
    private readonly MobileFaceNetHead features;

    /// <param name="architecture">Which of the two published networks this is.</param>
    /// <param name="blocks">Residual blocks at 56, 28, 14 and 7 pixels; a single one at 56 is a grouped convolution.</param>
    /// <param name="scale">The width: the stem has 64·scale channels.</param>
    /// <param name="embeddingSize">Components of the embedding.</param>
    /// <param name="dropout">Share of the pooled features set to 0 while training.</param>
    public MobileFaceNet(BackboneArchitecture architecture, int[] blocks, long scale, int embeddingSize, double dropout)
        : base(architecture, embeddingSize, dropout)
    {
        var channels = 64 * scale;
        layers = nn.Sequential(
            new ConvolutionUnit(3, channels, kernel: 3, stride: 2, padding: 1),
            blocks[0] == 1
                ? new ConvolutionUnit(channels, channels, kernel: 3, padding: 1, groups: 64)
                : new ResidualStack(blocks[0], channels, innerChannels: 128),
            new InvertedBottleneck(channels, channels, innerChannels: 128, stride: 2),
            new ResidualStack(blocks[1], channels, innerChannels: 128),
            new InvertedBottleneck(channels, 2 * channels, innerChannels: 256, stride: 2),
            new ResidualStack(blocks[2], 2 * channels, innerChannels: 256),
            new InvertedBottleneck(2 * channels, 2 * channels, innerChannels: 512, stride: 2),
            new ResidualStack(blocks[3], 2 * channels, innerChannels: 256));
        conv_sep = new ConvolutionUnit(2 * channels, LastChannels, kernel: 1);
        features = new MobileFaceNetHead(LastChannels, embeddingSize, dropout);
        RegisterComponents();

        foreach (var convolution in modules().OfType<Convolution>())
        {
            InitializeKaiming(convolution.Weight);
        }

        foreach (var linear in modules().OfType<Linear>())
        {
            InitializeKaiming(linear.weight);
        }
    }

    /// <summary>Finds the network whose stem has so many channels; null if there is none.</summary>
    public static BackboneArchitecture? ArchitectureOf(long stemChannels) => stemChannels switch
    {
        128 => BackboneArchitecture.MobileFaceNet,
        256 => BackboneArchitecture.MobileFaceNetLarge,
        _ => null,
    };

    // At 112 → 56, 56, 28, 14 and 7 pixels.
    protected override IReadOnlyList<nn.Module[]> StemAndStages =>
        [[Layer(0)], [Layer(1)], [Layer(2), Layer(3)], [Layer(4), Layer(5)], [Layer(6), Layer(7)]];

    public override Tensor forward(Tensor input) => layers.call(input).Into(conv_sep).Into(features);

    private nn.Module Layer(int index) => (nn.Module)layers[index];

    private static void InitializeKaiming(Tensor weight) =>
        nn.init.kaiming_normal_(weight, mode: nn.init.FanInOut.FanOut, nonlinearity: nn.init.NonlinearityType.ReLU);
}
