using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// bn1 → conv1 → bn2 → prelu → conv2(stride) → bn3, plus the shortcut: [B,in,H,W] → [B,out,H/stride,W/stride]. Without an
/// activation after the sum. Fields bear the published state names.
/// </summary>
internal sealed class IResNetBlock : nn.Module<Tensor, Tensor>
{
    private readonly BatchNormalization bn1;
    private readonly Convolution conv1;
    private readonly BatchNormalization bn2;
    private readonly ParametricRelu prelu;
    private readonly Convolution conv2;
    private readonly BatchNormalization bn3;
    private readonly Sequential? downsample;

    public IResNetBlock(long inputChannels, long outputChannels, long stride)
        : base(nameof(IResNetBlock))
    {
        bn1 = new BatchNormalization(inputChannels);
        conv1 = new Convolution(inputChannels, outputChannels, kernel: 3, padding: 1);
        bn2 = new BatchNormalization(outputChannels);
        prelu = new ParametricRelu(outputChannels);
        conv2 = new Convolution(outputChannels, outputChannels, kernel: 3, stride, padding: 1);
        bn3 = new BatchNormalization(outputChannels);
        downsample = stride == 1 && inputChannels == outputChannels
            ? null
            : nn.Sequential(new Convolution(inputChannels, outputChannels, kernel: 1, stride), new BatchNormalization(outputChannels));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        var residual = bn1.call(input).Into(conv1).Into(bn2, prelu).Into(conv2).Into(bn3);
        if (downsample is null)
        {
            return residual.AddInPlace(input);
        }

        using var shortcut = downsample.call(input);
        return residual.AddInPlace(shortcut);
    }
}
