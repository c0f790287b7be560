using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// The memory of a float32 feature map [B,C,H,W] on the processor in channels-last order: B·H·W pixels of C values each.
/// Valid as long as its tensor lives.
/// </summary>
internal readonly unsafe struct ChannelsLastMap
{
    /// <summary>Channels that are computed at once.</summary>
    public const int Lanes = 8;

    private ChannelsLastMap(Tensor tensor)
    {
        long[] shape = tensor.shape;
        (Batch, Channels, Height, Width) = ((int)shape[0], (int)shape[1], (int)shape[2], (int)shape[3]);
        using Tensor pixels = tensor.permute(0, 2, 3, 1);
        Data = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(pixels.bytes));
    }

    public float* Data { get; }

    public int Batch { get; }

    public int Channels { get; }

    public int Height { get; }

    public int Width { get; }

    /// <summary>B·H·W.</summary>
    public int Pixels => Batch * Height * Width;

    public float* Pixel(long index) => Data + (index * Channels);

    public static ChannelsLastMap Of(Tensor tensor) => new(tensor);

    /// <summary>Whether the kernels can read this tensor where it lies.</summary>
    public static bool Fits(Tensor tensor)
    {
        if (!Vector256.IsHardwareAccelerated || tensor.dtype != ScalarType.Float32 || tensor.device_type != DeviceType.CPU
            || tensor.dim() != 4 || tensor.shape[1] % Lanes != 0
            || tensor.NumberOfElements is 0 or > int.MaxValue / sizeof(float))
        {
            return false;
        }

        using Tensor pixels = tensor.permute(0, 2, 3, 1);
        return pixels.is_contiguous();
    }
}
