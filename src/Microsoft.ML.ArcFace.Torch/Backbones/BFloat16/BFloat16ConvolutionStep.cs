using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Backbones.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.BFloat16;

/// <summary>
/// A convolution over all channels in bfloat16 with bias, PReLU and shortcut: [images,H,W,in] → [images,H′,W′,out]. .NET 10
/// has no instruction that multiplies bfloat16, so oneDNN multiplies, within libtorch: 90 to 113 billion multiply-adds a
/// second and core on Zen 4, 1.9 times float32. The rest is one pass over its result while that is in the cache.
/// </summary>
internal sealed unsafe class BFloat16ConvolutionStep<TLanes, TOutput> : InferenceStep
    where TLanes : unmanaged, ILanes<TLanes>
    where TOutput : unmanaged, IMapValue<TOutput>
{
    private readonly long[] _strides;
    private readonly int _padding;
    private readonly bool _isLinear;
    private readonly Tensor _weight;            // bfloat16 [out, in, k, k] in channels-last order, or [out, in]
    private readonly Tensor _bias;              // bfloat16 [out], as libtorch asks for
    private readonly NativeFloats _biasRest;    // [out]: what the rounding of the bias took away
    private readonly NativeFloats? _slopes;     // [out]

    /// <param name="input">The map that is read, with a border of <paramref name="padding"/> at least.</param>
    /// <param name="output">The map that is written.</param>
    /// <param name="shortcut">What is added, of the shape of the output, in bfloat16.</param>
    /// <param name="weights">[out, in, kernel, kernel] and [out].</param>
    /// <param name="slopes">[out], or null.</param>
    /// <param name="kernel">Rows and columns of the kernel.</param>
    /// <param name="stride">In both directions.</param>
    /// <param name="padding">On all sides.</param>
    public BFloat16ConvolutionStep(FeatureMap input, FeatureMap output, FeatureMap? shortcut, LayerWeights weights, float[]? slopes, int kernel, int stride, int padding)
        : base(input, output, shortcut)
    {
        (_strides, _padding) = ([stride, stride], padding);

        // As a product of matrices 1×1 convolutions take 0.9 of the time.
        _isLinear = kernel == 1 && stride == 1 && input.Border == 0;
        (float[] weight, float[] bias) = weights.ToArrays();
        using DisposeScope scope = NewDisposeScope();
        Tensor rounded = tensor(weight, [output.Channels, input.Channels, kernel, kernel]).to(ScalarType.BFloat16);
        _weight = (_isLinear ? rounded.view(output.Channels, input.Channels) : rounded.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)).DetachFromDisposeScope();
        _bias = tensor(bias).to(ScalarType.BFloat16).DetachFromDisposeScope();
        _biasRest = new NativeFloats((tensor(bias) - _bias.to(ScalarType.Float32)).data<float>().ToArray());
        _slopes = slopes is null ? null : new NativeFloats(slopes);
    }

    // libtorch divides the work.
    public override int PartCount(int images) => 1;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        using var noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor sums = Convolve(((TorchArithmetic.MapTensor)memory.Input.Owner!).Values, images);                                // [images, H′, W′, out], contiguous
        nint source = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(sums.bytes));
        int rows = images * Output.Height;
        ParallelSlices.Run(rows, ParallelSlices.Count(rows, Output.Width * Output.Channels), (_, first, last) =>
        {
            for (int line = first; line < last; line++)
            {
                (int image, int row) = Math.DivRem(line, Output.Height);
                Finish(
                    (BFloat16Value*)source + ((nint)line * Output.Width * Output.Channels),
                    Shortcut is null ? null : (BFloat16Value*)memory.Shortcut.Address + Shortcut.Offset(image, row, 0),
                    (TOutput*)memory.Output.Address + Output.Offset(image, row, 0));
            }
        });
    }

    public override void Dispose()
    {
        _weight.Dispose();
        _bias.Dispose();
        _biasRest.Dispose();
        _slopes?.Dispose();
    }

    private Tensor Convolve(Tensor values, int images)
    {
        if (_isLinear)
        {
            return nn.functional.linear(values.as_strided([(long)images * Input.Height * Input.Width, Input.Channels], [Input.Channels, 1]), _weight, _bias);
        }

        // The border is part of what libtorch sees, for it may hold other values than zeros.
        Tensor window = values.as_strided(
            [images, Input.Channels, Input.Height + (2 * _padding), Input.Width + (2 * _padding)],
            [Input.ImageStride, 1, Input.RowStride, Input.Channels],
            Input.Offset(0, -_padding, -_padding));
        return nn.functional.conv2d(window, _weight, _bias, strides: _strides).permute(0, 2, 3, 1).contiguous();
    }

    /// <summary>A row of pixels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Finish(BFloat16Value* sums, BFloat16Value* shortcut, TOutput* output)
    {
        nint channels = Output.Channels, length = channels * Output.Width;
        float* rest = _biasRest.Data, slopes = _slopes is null ? null : _slopes.Data;
        for (nint pixel = 0; pixel < length; pixel += channels)
        {
            for (nint channel = 0; channel < channels; channel += TLanes.Count)
            {
                nint index = pixel + channel;
                TLanes value = TLanes.Load(rest + channel);
                value.Add(sums + index);
                if (slopes != null)
                {
                    value.Activate(slopes + channel);
                }

                if (shortcut != null)
                {
                    value.Add(shortcut + index);
                }

                value.Store(output + index);
            }
        }
    }
}
