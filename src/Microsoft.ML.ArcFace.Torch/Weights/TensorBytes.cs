using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>
/// Reaches the bytes of tensors of any size piece by piece, without a managed copy. Row-major and little-endian, as files
/// have them, wherever and in whatever memory order the tensor lies.
/// </summary>
internal static class TensorBytes
{
    private const int ChunkBytes = 1 << 22;

    /// <summary>Shows the bytes of <paramref name="tensor"/> to <paramref name="read"/>, in order.</summary>
    public static void Read(Tensor tensor, ChunkAction read)
    {
        using var scope = NewDisposeScope();
        ForEachChunk(tensor.detach().cpu().contiguous(), read);
    }

    /// <summary>Has <paramref name="write"/> fill the bytes of <paramref name="tensor"/>, in order.</summary>
    public static void Write(Tensor tensor, ChunkAction write)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var target = tensor.detach();
        if (target.device_type == DeviceType.CPU && target.is_contiguous())
        {
            ForEachChunk(target, write);
            return;
        }

        var staging = empty(tensor.shape, dtype: tensor.dtype);
        ForEachChunk(staging, write);
        target.copy_(staging);
    }

    private static void ForEachChunk(Tensor contiguous, ChunkAction action)
    {
        var flat = contiguous.view(-1);
        var count = flat.numel();
        long step = ChunkBytes / flat.element_size();
        for (long start = 0; start < count; start += step)
        {
            using var chunk = flat.narrow(0, start, Math.Min(step, count - start));
            action(chunk.bytes);
        }
    }
}
