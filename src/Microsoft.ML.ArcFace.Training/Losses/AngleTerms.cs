using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>Intra-loss: the mean of θ_y/π, which draws samples towards their centre (ArcFace paper, equation 5).</summary>
internal sealed class IntraTerm(double termWeight) : LossTerm(nameof(IntraTerm))
{
    public override Tensor forward(Tensor embeddings, Tensor centers, Tensor labels)
    {
        using var scope = NewDisposeScope();
        Tensor own = normalize(centers.index_select(0, labels), p: 2, dim: 1); // [B, d]
        Tensor angle = RowAngles.Between(normalize(embeddings, p: 2, dim: 1), own);
        return angle.mean().Times(termWeight / Math.PI).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Inter-loss: minus the mean angle, over π, between the own centre and the others, which pushes centres apart
/// (ArcFace paper, equation 6).
/// </summary>
internal sealed class InterTerm(double termWeight) : LossTerm(nameof(InterTerm))
{
    // Beyond it arccos has no usable slope; centres so close together are told apart by the cross entropy.
    private const double LargestCosine = 1 - 1e-7;

    public override Tensor forward(Tensor embeddings, Tensor centers, Tensor labels)
    {
        using var scope = NewDisposeScope();
        Tensor unit = normalize(centers, p: 2, dim: 1);
        Tensor cosine = unit.index_select(0, labels).matmul(unit.t());         // [B, C]
        long others = Math.Max(1, centers.shape[0] - 1);

        // A centre's angle with itself counts as a right angle and is taken off again: no slope passes through it.
        Tensor angles = cosine.scatter(1, labels.unsqueeze(1), zeros_like(cosine)).Clamped(-LargestCosine, LargestCosine).acos();
        Tensor mean = angles.sum(1).Minus(Math.PI / 2).mean().DividedBy(others);
        return mean.Times(-termWeight / Math.PI).MoveToOuterDisposeScope();
    }
}
