using System.Collections.Concurrent;
using Microsoft.ML.ArcFace.Backbones.Inference;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// Finds convolutions of channels-last maps that libtorch computes wrongly on this processor. Seen with libtorch 2.10 on a Zen 5
/// in a virtual machine: 1×1 from 256 to 512 channels with 7×7 results, which both published networks have, is off by 14 % in
/// float32, depending on batch and threads, while planar maps and the way back are right (ONEDNN_MAX_CPU_ISA=AVX2 avoids it).
/// </summary>
/// <remarks>Each shape is computed twice when it is met for the first time in a process, once in planar order.</remarks>
internal static class ConvolutionCheck
{
    // Sums of another order differ by 1e-6 of the result's norm, bfloat16's rounding by 4e-3.
    private const double LargestRelativeError = 1e-3, LargestRelativeErrorOfBFloat16 = 3e-2;

    private static readonly ConcurrentDictionary<Shape, bool> Sound = new();

    /// <summary>Tells whether libtorch computes the convolution rightly in the input's memory order.</summary>
    /// <param name="input">The maps, [B,C,H,W].</param>
    /// <param name="weight">The weight in the input's element type.</param>
    /// <param name="stride">From one result to the next, in both directions.</param>
    /// <param name="convolve">Convolves maps with the weight.</param>
    /// <param name="window">How the kernel goes over the map, where that does not follow from kernel and stride.</param>
    public static bool IsSound(Tensor input, Tensor weight, long stride, Func<Tensor, Tensor> convolve, ConvolutionWindow window = default)
    {
        if (input.device_type != DeviceType.CPU || input.is_contiguous())
        {
            return true;
        }

        (long[] maps, long[] taps) = (input.shape, weight.shape);
        Shape shape = new(input.dtype, maps[0], maps[1], maps[2], maps[3], taps[0], taps[1], taps[2], stride, window, get_num_threads());
        if (!Sound.TryGetValue(shape, out bool isSound))
        {
            Sound[shape] = isSound = AreEqual(input, convolve);
        }

        return isSound;
    }

    /// <summary>Convolves in planar order; the result is in channels-last order again.</summary>
    public static Tensor InPlanarOrder(Tensor input, Func<Tensor, Tensor> convolve)
    {
        using var scope = NewDisposeScope();
        return convolve(input.contiguous()).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    private static bool AreEqual(Tensor input, Func<Tensor, Tensor> convolve)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor actual = convolve(input).to(ScalarType.Float32), expected = convolve(input.contiguous()).to(ScalarType.Float32);
        double largest = input.dtype == ScalarType.BFloat16 ? LargestRelativeErrorOfBFloat16 : LargestRelativeError;
        double difference = (actual - expected).norm().item<float>(), norm = expected.norm().item<float>();

        // Training that diverges brings numbers that are not finite, which say nothing.
        return !double.IsFinite(norm) || difference <= largest * norm;
    }

    /// <summary>Tells convolutions apart; padding follows from the kernel in the published networks.</summary>
    private readonly record struct Shape(ScalarType Type, long Batch, long In, long Height, long Width, long Out, long InOfGroup, long Kernel, long Stride, ConvolutionWindow Window, int Threads);
}
