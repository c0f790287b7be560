using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>Chooses where tensors live.</summary>
internal static class TorchDevices
{
    /// <summary>The GPU that the MLContext asks for, or the CPU.</summary>
    /// <param name="gpuDeviceId">MLContext.GpuDeviceId; null for the CPU.</param>
    /// <param name="fallbackToCpu">MLContext.FallbackToCpu: whether the CPU may take the place of a GPU that is not there.</param>
    /// <exception cref="InvalidOperationException">The GPU is not there and the CPU may not take its place.</exception>
    public static Device Choose(int? gpuDeviceId, bool fallbackToCpu)
    {
        if (gpuDeviceId is not { } id)
        {
            return CPU;
        }

        int available = cuda.is_available() ? cuda.device_count() : 0;
        if (id >= 0 && id < available)
        {
            return new Device(TorchSharp.DeviceType.CUDA, id);
        }

        return fallbackToCpu
            ? CPU
            : throw new InvalidOperationException(
                $"MLContext.GpuDeviceId is {id}, but {available} CUDA GPUs can be used here. Set it to null for the CPU, set MLContext.FallbackToCpu = true, " +
                "or add the package TorchSharp-cuda-linux or TorchSharp-cuda-windows in place of TorchSharp-cpu.");
    }
}
