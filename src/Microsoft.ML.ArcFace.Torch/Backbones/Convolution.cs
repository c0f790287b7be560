using Microsoft.ML.ArcFace.Backbones.Kernels;
using Microsoft.ML.ArcFace.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// A square convolution without bias, [B,in,H,W] → [B,out,H′,W′], which computes in the element type of its input: the
/// weight is cast on the way, differentiably, so float32 weights can be trained with bfloat16 arithmetic.
/// </summary>
/// <remarks>The weight [out, in/groups, kernel, kernel] is left for the network to initialise.</remarks>
internal sealed class Convolution : nn.Module<Tensor, Tensor>
{
    private readonly long[] _stride;
    private readonly long[] _padding;
    private readonly long _groups;

    // Not readonly: moving the module to another device or type replaces it. Its name is the published one.
    private Parameter weight;

    public Convolution(long[] weightShape, ConvolutionShape shape)
        : base(nameof(Convolution))
    {
        _stride = [shape.Stride, shape.Stride];
        _padding = [shape.Padding, shape.Padding];
        _groups = shape.Groups;
        weight = new Parameter(empty(weightShape));
        weight.DetachFromDisposeScope();
        RegisterComponents();
    }

    internal Parameter Weight => weight;

    public override Tensor forward(Tensor input)
    {
        bool keepsSize = _stride[0] == 1 && _padding[0] == 1;
        if (training && keepsSize && PairedConvolution.Fits(input, weight, _groups))
        {
            return PairedConvolution.Apply(input, weight);
        }

        // libtorch's way back through these in bfloat16 takes 10 to 30 times as long as in float32.
        bool isSlowInBFloat16 = _groups > 1 && !keepsSize && input.dtype == ScalarType.BFloat16 && input.device_type == DeviceType.CPU;
        if (training && isSlowInBFloat16)
        {
            using Tensor widened = input.to(ScalarType.Float32);
            using Tensor output = Convolve(widened);
            return output.to(ScalarType.BFloat16);
        }

        return Convolve(input);
    }

    private Tensor Convolve(Tensor input)
    {
        using Tensor matching = weight.to(input.dtype);
        return ConvolutionCheck.IsSound(input, matching, _stride[0], Apply) ? Apply(input) : ConvolutionCheck.InPlanarOrder(input, Apply);

        Tensor Apply(Tensor maps) => nn.functional.conv2d(maps, matching, strides: _stride, padding: _padding, groups: _groups);
    }
}
