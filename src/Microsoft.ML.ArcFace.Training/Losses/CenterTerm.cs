using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>λ·½·mean‖x − c_y‖², with centres of its own that follow the embeddings at the rate α.</summary>
internal sealed class CenterTerm : LossTerm
{
    private readonly double _weight, _rate;

    // [C, d]. Named as a buffer, and seen by TorchSharp as the centres are.
    private readonly Tensor feature_centers;

    public CenterTerm(int embeddingSize, long classCount, double weight, double rate) : base(nameof(CenterTerm))
    {
        (_weight, _rate) = (weight, rate);
        feature_centers = zeros(classCount, embeddingSize);
        register_buffer(nameof(feature_centers), feature_centers);
    }

    public override Tensor forward(Tensor embeddings, Tensor centers, Tensor labels)
    {
        using var scope = NewDisposeScope();
        Tensor own = feature_centers.index_select(0, labels).to(embeddings.dtype);           // [B, d]
        Tensor loss = HalfSquaredDistance(embeddings, own).Times(_weight);
        if (training)
        {
            Follow(embeddings, own, labels);
        }

        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>½·mean‖x − c‖² over the rows of [B, d].</summary>
    public static Tensor HalfSquaredDistance(Tensor embeddings, Tensor own)
    {
        Tensor way = embeddings - own;
        return (way * way).sum(1).mean().Times(0.5);
    }

    /// <summary>c_j −= α·Σ(c_j − x_i)/(1 + n_j), the sum over the n_j samples of class j.</summary>
    private void Follow(Tensor embeddings, Tensor own, Tensor labels)
    {
        using var noGradient = no_grad();
        Tensor sameClass = labels.unsqueeze(1).eq(labels.unsqueeze(0)).sum(1, keepdim: true);  // n_j [B, 1]
        Tensor steps = (embeddings - own) / sameClass.Plus(1);
        feature_centers.AddRowsInPlace(labels, steps.to(feature_centers.dtype), _rate);
    }
}
