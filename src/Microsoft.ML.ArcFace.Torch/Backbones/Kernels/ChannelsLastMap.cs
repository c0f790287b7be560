using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.ArcFace.Backbones.Inference;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>Which tensors the kernels read where they lie.</summary>
internal static class ChannelsLastMap
{
    /// <summary>Channels that are computed at once.</summary>
    public const int Lanes = 8;

    /// <summary>Whether the kernels can read this tensor where it lies.</summary>
    public static bool Fits(Tensor tensor)
    {
        bool isKnown = tensor.dtype switch
        {
            ScalarType.Float32 => Vector256.IsHardwareAccelerated,
            ScalarType.BFloat16 => Avx2.IsSupported,
            _ => false,
        };
        if (!isKnown || tensor.device_type != DeviceType.CPU || tensor.dim() != 4 || tensor.shape[1] % Lanes != 0
            || tensor.NumberOfElements is 0 or > int.MaxValue / sizeof(float))
        {
            return false;
        }

        using Tensor pixels = tensor.permute(0, 2, 3, 1);
        return pixels.is_contiguous();
    }
}

/// <summary>
/// The memory of a feature map [B,C,H,W] on the processor in channels-last order: B·H·W pixels of C values each.
/// Valid as long as its tensor lives.
/// </summary>
internal readonly unsafe struct ChannelsLastMap<T>
    where T : unmanaged, IMapValue<T>
{
    private ChannelsLastMap(Tensor tensor)
    {
        long[] shape = tensor.shape;
        (Batch, Channels, Height, Width) = ((int)shape[0], (int)shape[1], (int)shape[2], (int)shape[3]);
        using Tensor pixels = tensor.permute(0, 2, 3, 1);
        Data = (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(pixels.bytes));
    }

    public T* Data { get; }

    public int Batch { get; }

    public int Channels { get; }

    public int Height { get; }

    public int Width { get; }

    /// <summary>B·H·W.</summary>
    public int Pixels => Batch * Height * Width;

    public T* Pixel(long index) => Data + (index * Channels);

    public static ChannelsLastMap<T> Of(Tensor tensor) => new(tensor);
}
