using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// A step of the autograd graph computed here instead of by libtorch. It frees every temporary tensor, on the way forward
/// and back: TorchSharp by itself keeps them to the end of the surrounding scope.
/// </summary>
internal abstract class KernelFunction<TSelf> : autograd.SingleTensorFunction<TSelf>
    where TSelf : KernelFunction<TSelf>, new()
{
    public override string Name => typeof(TSelf).Name;

    /// <summary>The output; what <see cref="Gradients"/> gives answers these arguments, one by one.</summary>
    protected static Tensor Run(params object?[] arguments)
    {
        using DisposeScope scope = NewDisposeScope();
        return apply(arguments!).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The gradients of the arguments, null for those without, from that of the output, which is in channels-last order.
    /// </summary>
    protected abstract Tensor?[] Gradients(autograd.AutogradContext context, Tensor outputGradient);

    public sealed override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient)
    {
        using DisposeScope scope = NewDisposeScope();
        using Tensor pixels = gradient.permute(0, 2, 3, 1);
        Tensor outputGradient = pixels.is_contiguous() ? gradient : pixels.contiguous().permute(0, 3, 1, 2);
        Tensor?[] gradients = Gradients(context, outputGradient);
        foreach (Tensor? result in gradients)
        {
            result?.MoveToOuterDisposeScope();
        }

        HandedOver.Replace([.. gradients, gradient]);
        return [.. gradients.Select(result => result!)];
    }
}

/// <summary>
/// The gradients given to the autograd engine last. It takes its own references only after the managed code has returned,
/// so ours can be freed no sooner than at the next step back.
/// </summary>
file static class HandedOver
{
    [ThreadStatic]
    private static Tensor?[]? last;

    public static void Replace(Tensor?[] gradients)
    {
        foreach (Tensor? gradient in last ?? [])
        {
            gradient?.Dispose();
        }

        last = gradients;
    }
}
