using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>Pools windows of maps as ONNX defines it, also where windows hang over the edge, or on one side more than on the other.</summary>
internal sealed class TorchPool
{
    private readonly long[] _kernel;
    private readonly long[] _stride;
    private readonly long[] _dilation;
    private readonly long[] _around;        // left, right, top, bottom; more than the stated padding where windows hang over
    private readonly long[] _stated;
    private readonly bool _countsPadding;

    /// <param name="node">A node of <see cref="Operators.AveragePool"/> or <see cref="Operators.MaxPool"/>.</param>
    /// <param name="input">The shape of what it reads.</param>
    /// <param name="output">The shape of what it makes.</param>
    public TorchPool(NetworkNode node, long[] input, long[] output)
    {
        _kernel = node.Attributes.Numbers("kernel_shape");
        var window = ConvolutionWindow.Of(node, _kernel[0], _kernel[1]);
        (_stride, _dilation) = ([window.RowStride, window.ColumnStride], [window.RowDilation, window.ColumnDilation]);
        _countsPadding = node.Attributes.Number("count_include_pad", 0) != 0;
        _stated = [window.Left, window.Right, window.Top, window.Bottom];
        _around = [window.Left, Needed(1) - window.Left, window.Top, Needed(0) - window.Top];

        long Needed(int axis) => Math.Max(((output[axis + 2] - 1) * _stride[axis]) + ((_kernel[axis] - 1) * _dilation[axis]) + 1 - input[axis + 2], axis == 0 ? window.Top : window.Left);
    }

    /// <summary>The greatest numbers.</summary>
    public Tensor Max(Tensor input)
    {
        using Tensor padded = Padded(input, _around, double.NegativeInfinity);
        return nn.functional.max_pool2d(padded, _kernel, _stride, padding: null, _dilation);
    }

    /// <summary>The averages, of what lies on the map or of its stated padding, too.</summary>
    public Tensor Average(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor averages = nn.functional.avg_pool2d(Padded(input, _around, 0), _kernel, _stride);
        if (Array.TrueForAll(_around, pad => pad == 0))
        {
            return averages.MoveToOuterDisposeScope();
        }

        // Each is the average of a window with zeros in it; that of ones tells how much of the window counts.
        Tensor counted = ones([1, 1, .. input.shape[2..]], dtype: input.dtype, device: input.device);
        long[] rest = [.. _around.Zip(_stated, (around, stated) => around - stated)];
        counted = _countsPadding && Array.TrueForAll(rest, pad => pad >= 0) ? Padded(Padded(counted, _stated, 1), rest, 0) : Padded(counted, _around, _countsPadding ? 1 : 0);
        return averages.div(nn.functional.avg_pool2d(counted, _kernel, _stride)).MoveToOuterDisposeScope();
    }

    private static Tensor Padded(Tensor input, long[] around, double filling) =>
        Array.TrueForAll(around, pad => pad == 0) ? input.alias() : nn.functional.pad(input, around, PaddingModes.Constant, filling);
}
