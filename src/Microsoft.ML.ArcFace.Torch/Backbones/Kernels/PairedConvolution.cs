using Microsoft.ML.ArcFace.Backbones.Inference;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// The 3×3 convolution with stride 1 and padding 1 in groups of two channels, [B,C,H,W] → [B,C,H,W], with its gradients.
/// libtorch has fast code for groups of one and for many channels, and none for two.
/// </summary>
internal sealed class PairedConvolution : KernelFunction<PairedConvolution>
{
    /// <summary>Whether <see cref="Apply"/> can do it; if not, libtorch must.</summary>
    /// <param name="input">[B,C,H,W].</param>
    /// <param name="weight">[C,2,3,3].</param>
    /// <param name="groups">C/2.</param>
    public static bool Fits(Tensor input, Tensor weight, long groups) =>
        FusedKernels.Enabled && weight.shape is [var output, 2, PairedTaps.Kernel, PairedTaps.Kernel] && groups * 2 == output
        && weight.dtype == ScalarType.Float32 && weight.device_type == DeviceType.CPU
        && ChannelsLastMap.Fits(input) && input.shape[1] == output;

    public static Tensor Apply(Tensor input, Tensor weight) => Run(input, weight);

    public override Tensor forward(autograd.AutogradContext context, params object?[] arguments)
    {
        var (input, weight) = ((Tensor)arguments[0]!, (Tensor)arguments[1]!);
        Tensor output = empty_like(input);
        float[] taps = Taps(weight);
        if (input.dtype == ScalarType.BFloat16)
        {
            Convolve<BFloat16Value>(input, taps, output);
        }
        else
        {
            Convolve<SingleValue>(input, taps, output);
        }

        context.save_for_backward([input, weight]);
        return output;
    }

    protected override Tensor?[] Gradients(autograd.AutogradContext context, Tensor outputGradient)
    {
        List<Tensor> saved = context.get_saved_variables();
        var (input, weight) = (saved[0], saved[1]);
        return input.dtype == ScalarType.BFloat16 ? Gradients<BFloat16Value>() : Gradients<SingleValue>();

        Tensor?[] Gradients<T>()
            where T : unmanaged, IMapValue<T>
        {
            Tensor inputGradient = empty_like(input);
            Convolve<T>(outputGradient, PairedTaps.Transposed(Taps(weight)), inputGradient);
            double[] tapGradients = PairedKernel<T>.TapGradients(ChannelsLastMap<T>.Of(input), ChannelsLastMap<T>.Of(outputGradient));
            return [inputGradient, tensor(PairedTaps.ToWeights(tapGradients), weight.shape)];
        }
    }

    private static void Convolve<T>(Tensor input, float[] taps, Tensor output)
        where T : unmanaged, IMapValue<T> =>
        PairedKernel<T>.Convolve(ChannelsLastMap<T>.Of(input), taps, ChannelsLastMap<T>.Of(output));

    private static float[] Taps(Tensor weight) => PairedTaps.FromWeights(weight.detach().contiguous().data<float>().ToArray());
}
