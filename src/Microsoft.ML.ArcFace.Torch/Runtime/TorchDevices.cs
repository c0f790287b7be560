using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>Chooses where tensors live.</summary>
internal static class TorchDevices
{
    /// <summary>The GPU that the MLContext asks for, or the CPU. Loads the native torch library first.</summary>
    /// <param name="gpuDeviceId">MLContext.GpuDeviceId; null for the CPU.</param>
    /// <param name="fallbackToCpu">MLContext.FallbackToCpu: whether the CPU may take the place of a GPU that is not there.</param>
    /// <exception cref="NativeRuntimeException">The native torch library cannot be loaded.</exception>
    /// <exception cref="InvalidOperationException">The GPU is not there and the CPU may not take its place.</exception>
    public static Device Choose(int? gpuDeviceId, bool fallbackToCpu)
    {
        NativeLibraries.EnsureLoaded();
        return Choose(gpuDeviceId, fallbackToCpu, () => cuda.is_available() ? cuda.device_count() : 0);
    }

    /// <summary>Tells whether bfloat16 is the fastest arithmetic of a device.</summary>
    public static bool IsFastInBFloat16(Device device) => device.type == TorchSharp.DeviceType.CPU && IsProcessorFastInBFloat16;

    /// <summary>Tells whether bfloat16 is the processor's fastest arithmetic: x64 with AVX512-BF16 (leaf 7, subleaf 1, EAX bit 5). Needs no native library.</summary>
    public static bool IsProcessorFastInBFloat16 =>
        Avx512F.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;

    /// <inheritdoc cref="Choose(int?, bool)"/>
    /// <param name="gpuDeviceId">MLContext.GpuDeviceId; null for the CPU.</param>
    /// <param name="fallbackToCpu">MLContext.FallbackToCpu.</param>
    /// <param name="countGpus">Counts the CUDA GPUs; called only when one is asked for.</param>
    internal static Device Choose(int? gpuDeviceId, bool fallbackToCpu, Func<int> countGpus)
    {
        if (gpuDeviceId is not { } id)
        {
            return CPU;
        }

        int available = countGpus();
        if (id >= 0 && id < available)
        {
            return new Device(TorchSharp.DeviceType.CUDA, id);
        }

        if (fallbackToCpu)
        {
            return CPU;
        }

        string cause = available == 0
            ? "no CUDA GPU can be used here (the program needs the package TorchSharp-cuda-linux or TorchSharp-cuda-windows in place of TorchSharp-cpu, and NVIDIA's driver)"
            : $"it must be from 0 to {available - 1}";
        throw new InvalidOperationException(
            $"MLContext.GpuDeviceId is {id}, but {cause}. Set it to null for the CPU, or set MLContext.FallbackToCpu = true to take the CPU where there is no such GPU.");
    }
}
