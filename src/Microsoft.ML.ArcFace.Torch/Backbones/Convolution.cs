using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Backbones.Kernels;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// A convolution, [B,in,H,W] → [B,out,H′,W′], which computes in the element type of its input: the weight is cast on the way,
/// differentiably, so float32 weights can be trained with bfloat16 arithmetic.
/// </summary>
/// <remarks>The weight [out, in/groups, rows, columns] is left for the network to initialise; a bias [out] starts at 0.</remarks>
internal sealed class Convolution : nn.Module<Tensor, Tensor>
{
    /// <summary>Every published network has at least as many wherever 1×1 has a stride.</summary>
    private const long NarrowChannels = 64;

    private readonly ConvolutionWindow _window;
    private readonly long[] _stride;
    private readonly long[] _padding;
    private readonly long[] _dilation;
    private readonly long[]? _margin;       // left, right, top, bottom, where they differ
    private readonly long _groups;

    // Not readonly: moving the module to another device or type replaces them. Their names are the published ones.
    private Parameter weight;
    private Parameter? bias;

    public Convolution(long[] weightShape, ConvolutionWindow window, long groups, bool hasBias = false)
        : base(nameof(Convolution))
    {
        _window = window;
        _stride = [window.RowStride, window.ColumnStride];
        _dilation = [window.RowDilation, window.ColumnDilation];
        bool isSymmetric = window.Top == window.Bottom && window.Left == window.Right;
        _padding = isSymmetric ? [window.Top, window.Left] : [0, 0];
        _margin = isSymmetric ? null : [window.Left, window.Right, window.Top, window.Bottom];
        _groups = groups;
        weight = new Parameter(empty(weightShape));
        weight.DetachFromDisposeScope();
        if (hasBias)
        {
            bias = new Parameter(zeros(weightShape[0]));
            bias.DetachFromDisposeScope();
        }

        RegisterComponents();
    }

    internal Parameter Weight => weight;

    public override Tensor forward(Tensor input)
    {
        bool keepsSize = _window.IsSquare(_window.Rows, 1) && _window.RowStride == 1;
        if (training && keepsSize && PairedConvolution.Fits(input, weight, _groups))
        {
            return PairedWithBias(input);
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

    private Tensor PairedWithBias(Tensor input)
    {
        Tensor output = PairedConvolution.Apply(input, weight);
        if (bias is null)
        {
            return output;
        }

        using (output)
        using (Tensor matching = bias.to(output.dtype))
        using (Tensor channels = matching.view(1, -1, 1, 1))
        {
            return output.Plus(channels);
        }
    }

    private Tensor Convolve(Tensor input)
    {
        using Tensor? padded = _margin is null ? null : nn.functional.pad(input, _margin);
        Tensor maps = padded ?? input;
        if (!SkipsPixelsOfNarrowMap(maps))
        {
            return Convolve(maps, _stride);
        }

        using Tensor rows = maps.slice(2, 0, maps.shape[2], _stride[0]);
        using Tensor read = rows.slice(3, 0, maps.shape[3], _stride[1]);
        return Convolve(read, [1, 1]);
    }

    /// <summary>
    /// Tells whether to take the pixels that are read before the convolution: on the way back through 1×1 with a stride over
    /// channels-last maps of few channels, libtorch 2.10 writes beyond its memory (seen with 3 to 12 input channels, not with 16).
    /// </summary>
    private bool SkipsPixelsOfNarrowMap(Tensor input) =>
        _window is { Rows: 1, Columns: 1 } && (_stride[0] > 1 || _stride[1] > 1) && _padding is [0, 0] && weight.shape[1] < NarrowChannels
        && input.device_type == DeviceType.CPU;

    private Tensor Convolve(Tensor input, long[] stride)
    {
        using Tensor matching = weight.to(input.dtype);
        using Tensor? matchingBias = bias?.to(input.dtype);
        return ConvolutionCheck.IsSound(input, matching, stride[0], Apply, _window) ? Apply(input) : ConvolutionCheck.InPlanarOrder(input, Apply);

        Tensor Apply(Tensor maps) => nn.functional.conv2d(maps, matching, matchingBias, stride, _padding, _dilation, _groups);
    }
}
