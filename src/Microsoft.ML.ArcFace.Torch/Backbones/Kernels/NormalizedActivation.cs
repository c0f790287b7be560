using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// BatchNorm in training mode and PReLU as one: [B,C,H,W] → [B,C,H,W]. It reads the memory less often than the two do
/// apart, and keeps nothing but its input for the way back. (A BatchNorm alone is as fast in libtorch.)
/// </summary>
internal sealed class NormalizedActivation : KernelFunction<NormalizedActivation>
{
    private const string Kernel = "kernel";

    /// <summary>Whether <see cref="Apply"/> can do it; if not, libtorch must.</summary>
    public static bool Fits(Tensor input, BatchNorm norm, Tensor slope) =>
        FusedKernels.Enabled && norm.training && norm is { momentum: not null, running_mean: not null, running_var: not null }
        && ChannelsLastMap.Fits(input) && input.NumberOfElements > input.shape[1]
        && IsVector(norm.weight, input.shape[1]) && IsVector(slope, input.shape[1]);

    /// <summary>PReLU(BatchNorm(input)), by libtorch where <see cref="Apply"/> cannot do it.</summary>
    public static Tensor Call(Tensor input, BatchNorm norm, ParametricRelu activation)
    {
        if (Fits(input, norm, activation.Weight))
        {
            return Apply(input, norm, activation.Weight);
        }

        using Tensor normalized = norm.call(input);
        return activation.call(normalized);
    }

    /// <summary>PReLU(BatchNorm(input)) with a slope [C].</summary>
    public static Tensor Apply(Tensor input, BatchNorm norm, Tensor slope) => Run(input, norm.weight, norm.bias, slope, norm);

    public override Tensor forward(autograd.AutogradContext context, params object?[] arguments)
    {
        var (input, gamma, beta, slope, norm) =
            ((Tensor)arguments[0]!, (Tensor)arguments[1]!, (Tensor)arguments[2]!, (Tensor)arguments[3]!, (BatchNorm)arguments[4]!);
        return input.dtype == ScalarType.BFloat16 ? Forward<BFloat16Value>() : Forward<SingleValue>();

        Tensor Forward<T>()
            where T : unmanaged, IMapValue<T>
        {
            Tensor output = empty_like(input);
            ChannelsLastMap<T> inputMap = ChannelsLastMap<T>.Of(input);
            BatchStatistics statistics = BatchStatistics.Of(inputMap);
            var kernel = new NormalizationKernel<T>(statistics, norm.eps, Values(gamma), Values(beta), Values(slope));
            kernel.Forward(inputMap, ChannelsLastMap<T>.Of(output));
            UpdateRunningStatistics(norm, statistics);

            context.save_for_backward([input]);
            context.save_data(Kernel, kernel);
            return output;
        }
    }

    protected override Tensor?[] Gradients(autograd.AutogradContext context, Tensor outputGradient)
    {
        Tensor input = context.get_saved_variables()[0];
        return input.dtype == ScalarType.BFloat16 ? Gradients<BFloat16Value>() : Gradients<SingleValue>();

        Tensor?[] Gradients<T>()
            where T : unmanaged, IMapValue<T>
        {
            var kernel = (NormalizationKernel<T>)context.get_data(Kernel);
            Tensor inputGradient = empty_like(input);
            ChannelsLastMap<T> inputMap = ChannelsLastMap<T>.Of(input), outputGradientMap = ChannelsLastMap<T>.Of(outputGradient);
            (double[] gamma, double[] beta, double[] slope) = kernel.ParameterGradients(inputMap, outputGradientMap);
            kernel.InputGradient(inputMap, outputGradientMap, gamma, beta, ChannelsLastMap<T>.Of(inputGradient));
            return [inputGradient, ToTensor(gamma), ToTensor(beta), ToTensor(slope), null];
        }
    }

    /// <summary>As libtorch does it: the variance, there divided by the count − 1, and the mean move by the momentum.</summary>
    private static void UpdateRunningStatistics(BatchNorm norm, BatchStatistics statistics)
    {
        norm.num_batches_tracked?.AddInPlace(1);
        double momentum = norm.momentum!.Value, unbiased = statistics.Count / (statistics.Count - 1.0);
        norm.running_mean!.lerp_(ToTensor(statistics.Mean), momentum);
        norm.running_var!.lerp_(ToTensor(Array.ConvertAll(statistics.Variance, variance => variance * unbiased)), momentum);
    }

    private static bool IsVector(Tensor tensor, long length) =>
        tensor.dtype == ScalarType.Float32 && tensor.device_type == DeviceType.CPU && tensor.dim() == 1 && tensor.shape[0] == length;

    private static float[] Values(Tensor vector) => vector.data<float>().ToArray();

    private static Tensor ToTensor(double[] values) => tensor(values, ScalarType.Float32);
}
