using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>Convolution → BatchNorm → PReLU, the last one unless <c>linear</c>: [B,in,H,W] → [B,out,H′,W′].</summary>
internal sealed class ConvolutionUnit : nn.Module<Tensor, Tensor>
{
    private readonly Sequential layers;

    public ConvolutionUnit(long inputChannels, long outputChannels, long kernel, long stride = 1, long padding = 0, long groups = 1, bool linear = false)
        : base(nameof(ConvolutionUnit))
    {
        layers = nn.Sequential(
            new Convolution(inputChannels, outputChannels, kernel, stride, padding, groups),
            new BatchNormalization(outputChannels));
        if (!linear)
        {
            layers.append(new ParametricRelu(outputChannels));
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        Tensor output = ((Convolution)layers[0]).call(input);
        var norm = (BatchNormalization)layers[1];
        return layers.Count == 2 ? output.Into(norm) : output.Into(norm, (ParametricRelu)layers[2]);
    }
}

/// <summary>
/// 1×1 in→inner, depthwise 3×3 with the stride, 1×1 inner→out without activation, and a shortcut if asked for:
/// [B,in,H,W] → [B,out,H/stride,W/stride].
/// </summary>
internal sealed class InvertedBottleneck : nn.Module<Tensor, Tensor>
{
    private readonly bool _shortcut;
    private readonly Sequential layers;

    public InvertedBottleneck(long inputChannels, long outputChannels, long innerChannels, long stride, bool shortcut = false)
        : base(nameof(InvertedBottleneck))
    {
        _shortcut = shortcut;
        layers = nn.Sequential(
            new ConvolutionUnit(inputChannels, innerChannels, kernel: 1),
            new ConvolutionUnit(innerChannels, innerChannels, kernel: 3, stride, padding: 1, groups: innerChannels),
            new ConvolutionUnit(innerChannels, outputChannels, kernel: 1, linear: true));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        var output = layers.call(input);
        return _shortcut ? output.AddInPlace(input) : output;
    }
}

/// <summary>Inverted bottlenecks with shortcuts, one after the other: [B,C,H,W] → [B,C,H,W].</summary>
internal sealed class ResidualStack : nn.Module<Tensor, Tensor>
{
    private readonly Sequential layers;

    public ResidualStack(int blocks, long channels, long innerChannels)
        : base(nameof(ResidualStack))
    {
        layers = nn.Sequential();
        for (var block = 0; block < blocks; block++)
        {
            layers.append(new InvertedBottleneck(channels, channels, innerChannels, stride: 1, shortcut: true));
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => layers.call(input);
}

/// <summary>
/// A depthwise 7×7 convolution that weighs every position (in place of average pooling), then linear without bias and
/// BatchNorm: [B,C,7,7] → [B,embedding].
/// </summary>
internal sealed class MobileFaceNetHead : nn.Module<Tensor, Tensor>
{
    private const long LastResolution = 7;

    private readonly Sequential layers;

    public MobileFaceNetHead(long channels, int embeddingSize, double dropout)
        : base(nameof(MobileFaceNetHead))
    {
        var projection = nn.Linear(channels, embeddingSize, hasBias: false);
        layers = nn.Sequential(
            new ConvolutionUnit(channels, channels, LastResolution, groups: channels, linear: true),
            new HeadInput(dropout, () => projection.weight.dtype),
            projection,
            new BatchNormalization(embeddingSize));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => layers.call(input);
}
