using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// The 3×3 convolution with padding 1 and groups of one or two channels (as many out as in), which libtorch computes at a
/// fraction of the speed of the memory: [B,C,H,W] → [B,C,⌈H/stride⌉,⌈W/stride⌉].
/// </summary>
internal sealed class DepthwiseConvolution : KernelFunction<DepthwiseConvolution>
{
    private const string Stride = nameof(Stride);

    /// <summary>Whether <see cref="Apply"/> can do it with the weight [C, 1 or 2, 3, 3]; if not, libtorch must.</summary>
    public static bool Fits(Tensor input, Tensor weight, long groups) =>
        FusedKernels.Enabled && ChannelsLastMap.Fits(input)
        && weight.dtype == ScalarType.Float32 && weight.device_type == DeviceType.CPU
        && weight.shape is [var output, 1 or 2, DepthwiseTaps.Kernel, DepthwiseTaps.Kernel]
        && output == input.shape[1] && groups * weight.shape[1] == output;

    public static Tensor Apply(Tensor input, Tensor weight, long stride) => Run(input, weight, (int)stride);

    public override Tensor forward(autograd.AutogradContext context, params object?[] arguments)
    {
        var (input, weight, stride) = ((Tensor)arguments[0]!, (Tensor)arguments[1]!, (int)arguments[2]!);
        ChannelsLastMap inputMap = ChannelsLastMap.Of(input);
        Tensor output = ChannelsLastMap.Empty(
            inputMap.Batch, inputMap.Channels, DepthwiseKernel.OutputSize(inputMap.Height, stride), DepthwiseKernel.OutputSize(inputMap.Width, stride));
        DepthwiseKernel.Forward(inputMap, DepthwiseTaps.ForOutput(Values(weight), inputMap.Channels), stride, ChannelsLastMap.Of(output));

        context.save_for_backward([input, weight]);
        context.save_data(Stride, stride);
        return output;
    }

    protected override Tensor?[] Gradients(autograd.AutogradContext context, Tensor outputGradient)
    {
        int stride = (int)context.get_data(Stride);
        List<Tensor> saved = context.get_saved_variables();
        var (input, weight) = (saved[0], saved[1]);
        Tensor inputGradient = empty_like(input);

        ChannelsLastMap inputMap = ChannelsLastMap.Of(input), outputGradientMap = ChannelsLastMap.Of(outputGradient);
        DepthwiseKernel.InputGradient(
            outputGradientMap, DepthwiseTaps.ForInputGradient(Values(weight), inputMap.Channels), stride, ChannelsLastMap.Of(inputGradient));
        float[] weightGradient = DepthwiseWeightGradient.Of(inputMap, outputGradientMap, stride, pairs: weight.shape[1] == 2);
        return [inputGradient, tensor(weightGradient, weight.shape), null];
    }

    private static float[] Values(Tensor weight) => weight.detach().contiguous().data<float>().ToArray();
}
