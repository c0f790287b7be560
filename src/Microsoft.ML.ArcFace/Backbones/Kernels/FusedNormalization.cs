using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// BatchNorm in training mode, PReLU and the sum with a shortcut in two passes over the memory instead of libtorch's five,
/// and back in two instead of seven. Of the intermediates only the input is kept for the way back.
/// </summary>
internal sealed class FusedNormalization : KernelFunction<FusedNormalization>
{
    private const string Kernel = nameof(Kernel);

    /// <summary>Whether <see cref="Apply"/> can do it; if not, libtorch must.</summary>
    public static bool Fits(Tensor input, BatchNorm2d norm, Tensor? slope, Tensor? shortcut) =>
        FusedKernels.Enabled && norm.training && norm is { momentum: not null, running_mean: not null, running_var: not null }
        && ChannelsLastMap.Fits(input) && input.NumberOfElements > input.shape[1]
        && IsVector(norm.weight, input.shape[1]) && IsVector(slope ?? norm.weight, input.shape[1])
        && (shortcut is null || (shortcut.shape.AsSpan().SequenceEqual(input.shape) && ChannelsLastMap.Fits(shortcut)));

    /// <summary>PReLU(BatchNorm(input)) + shortcut: [B,C,H,W] → [B,C,H,W]; without slope or shortcut, without that part.</summary>
    public static Tensor Apply(Tensor input, BatchNorm2d norm, Tensor? slope, Tensor? shortcut) =>
        Run(input, norm.weight, norm.bias, slope, shortcut, norm);

    public override Tensor forward(autograd.AutogradContext context, params object?[] arguments)
    {
        var (input, weight, bias, slope, shortcut, norm) = ((Tensor)arguments[0]!, (Tensor)arguments[1]!, (Tensor)arguments[2]!,
            (Tensor?)arguments[3], (Tensor?)arguments[4], (BatchNorm2d)arguments[5]!);
        Tensor output = empty_like(input);

        ChannelsLastMap inputMap = ChannelsLastMap.Of(input);
        BatchStatistics statistics = BatchStatistics.Of(inputMap);
        var kernel = NormalizationKernel.Create(statistics, norm.eps, Values(weight), Values(bias), slope is null ? null : Values(slope));
        kernel.Forward(inputMap, shortcut is null ? null : ChannelsLastMap.Of(shortcut), ChannelsLastMap.Of(output));
        UpdateRunningStatistics(norm, statistics);

        context.save_for_backward([input]);
        context.save_data(nameof(Saved), new Saved(kernel, slope is not null, shortcut is not null));
        return output;
    }

    protected override Tensor?[] Gradients(autograd.AutogradContext context, Tensor outputGradient)
    {
        var saved = (Saved)context.get_data(nameof(Saved));
        Tensor input = context.get_saved_variables()[0];
        Tensor inputGradient = empty_like(input);

        ChannelsLastMap inputMap = ChannelsLastMap.Of(input), outputGradientMap = ChannelsLastMap.Of(outputGradient);
        (double[] gamma, double[] beta, double[] slope) = saved.Kernel.ParameterGradients(inputMap, outputGradientMap);
        saved.Kernel.InputGradient(inputMap, outputGradientMap, gamma, beta, ChannelsLastMap.Of(inputGradient));
        return
        [
            inputGradient, ToTensor(gamma), ToTensor(beta),
            saved.HasSlope ? ToTensor(slope) : null,
            saved.HasShortcut ? outputGradient.detach() : null,
            null,
        ];
    }

    /// <summary>As libtorch does it: the variance, there divided by the count − 1, and the mean move by the momentum.</summary>
    private static void UpdateRunningStatistics(BatchNorm2d norm, BatchStatistics statistics)
    {
        norm.num_batches_tracked?.add_(1);
        double momentum = norm.momentum!.Value, unbiased = statistics.Count / (statistics.Count - 1.0);
        using Tensor mean = tensor(statistics.Mean, ScalarType.Float32);
        using Tensor variance = tensor(Array.ConvertAll(statistics.Variance, value => value * unbiased), ScalarType.Float32);
        norm.running_mean!.lerp_(mean, momentum);
        norm.running_var!.lerp_(variance, momentum);
    }

    private static bool IsVector(Tensor tensor, long length) =>
        tensor.dtype == ScalarType.Float32 && tensor.device_type == DeviceType.CPU && tensor.dim() == 1 && tensor.shape[0] == length;

    private static float[] Values(Tensor vector) => vector.data<float>().ToArray();

    private static Tensor ToTensor(double[] values) => tensor(values, ScalarType.Float32);

    private sealed record Saved(NormalizationKernel Kernel, bool HasSlope, bool HasShortcut);
}
