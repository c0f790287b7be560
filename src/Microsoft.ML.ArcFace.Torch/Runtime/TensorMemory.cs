using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>The numbers of tensors where they lie in the processor's memory.</summary>
internal static class TensorMemory
{
    /// <summary>Whether all are float32 on the processor, one number after the other and few enough for a span.</summary>
    public static bool AreFlat(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors)
        {
            if (tensor.dtype != ScalarType.Float32 || tensor.device_type != DeviceType.CPU || !tensor.is_contiguous()
                || tensor.NumberOfElements > int.MaxValue / sizeof(float))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>All elements of a contiguous tensor, in row-major order. Valid as long as the tensor lives.</summary>
    public static Span<T> Values<T>(Tensor tensor)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(tensor.bytes);
}
