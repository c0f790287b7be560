using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>A tensor of libtorch's, on any device and in any memory order. It belongs to whoever made it.</summary>
internal sealed class ModuleTensor(Tensor tensor) : WritableTensor(tensor.dtype.ToElementType(), tensor.shape)
{
    public override void Read(ChunkAction read) => TensorBytes.Read(tensor, read);

    public override void Write(ChunkAction write) => TensorBytes.Write(tensor, write);

    protected override void CopySingles(int first, Span<float> rows)
    {
        using var scope = NewDisposeScope();
        MemoryMarshal.Cast<byte, float>(tensor.detach().reshape(-1).narrow(0, first * RowLength, rows.Length).cpu().bytes).CopyTo(rows);
    }

    /// <summary>Copies the elements as float32.</summary>
    public override float[] ToSingles()
    {
        // TorchSharp refuses to copy nothing.
        if (tensor.numel() == 0)
        {
            return [];
        }

        using var scope = NewDisposeScope();
        return tensor.detach().cpu().to(ScalarType.Float32).contiguous().data<float>().ToArray();
    }
}
