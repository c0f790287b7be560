using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>Enlarges or shrinks maps [B,C,H,W] by the places that <see cref="ResizePositions"/> finds, rows first.</summary>
internal sealed class TorchResize
{
    private readonly (long[] First, long[] Second, float[] Share)[] _axes;

    /// <param name="node">A node of <see cref="Operators.Resize"/>.</param>
    /// <param name="input">The shape of what it reads.</param>
    public TorchResize(NetworkNode node, long[] input) => _axes =
    [
        .. Enumerable.Range(0, 2).Select(axis => ResizePositions.Of(node, axis, (int)input[axis + 2])).Select(places => (
            Array.ConvertAll(places, place => (long)place.First), Array.ConvertAll(places, place => (long)place.Second), Array.ConvertAll(places, place => place.ShareOfSecond))),
    ];

    public Tensor Apply(Tensor maps)
    {
        using var scope = NewDisposeScope();
        for (int axis = 0; axis < _axes.Length; axis++)
        {
            (long[] first, long[] second, float[] share) = _axes[axis];
            Tensor nearest = maps.index_select(axis + 2, DeviceUpload.To(tensor(first), maps.device));
            if (Array.TrueForAll(share, value => value == 0))
            {
                maps = nearest;
                continue;
            }

            long[] sizes = axis == 0 ? [share.Length, 1] : [share.Length];
            Tensor shares = DeviceUpload.To(tensor(share), maps.device).view(sizes).to(maps.dtype);
            Tensor next = maps.index_select(axis + 2, DeviceUpload.To(tensor(second), maps.device));
            maps = nearest.Plus((next - nearest).mul(shares));
        }

        return maps.MoveToOuterDisposeScope();
    }
}
