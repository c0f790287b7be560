using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// Hands the last feature map to the head: [B,C,H,W] → [B,C·H·W] in the published order (channel, row, column) whatever
/// the memory order, in the element type of the head's weights, with dropout while training. Has no state.
/// </summary>
internal sealed class HeadInput(double dropout, Func<ScalarType> headType) : nn.Module<Tensor, Tensor>(nameof(HeadInput))
{
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var flat = input.flatten(1).to(headType());
        return (dropout > 0 ? nn.functional.dropout(flat, dropout, training) : flat).MoveToOuterDisposeScope();
    }
}
