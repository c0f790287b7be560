using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>Each embedding of a batch with the nearest centre of its own class.</summary>
/// <param name="Embeddings">[B, d], as the backbone gave them.</param>
/// <param name="UnitEmbeddings">[B, d], of unit length.</param>
/// <param name="UnitCenters">[rows of centres, d], of unit length.</param>
/// <param name="CenterRows">[B], int64: the row of each embedding's own centre.</param>
/// <param name="Cosine">[B]: cos θ of each pair, with its gradient.</param>
/// <param name="Step">What the loss is computed for.</param>
internal sealed record TargetPairs(Tensor Embeddings, Tensor UnitEmbeddings, Tensor UnitCenters, Tensor CenterRows, Tensor Cosine, LossStep Step)
{
    /// <summary>The lengths ‖x‖ [B] of the embeddings, with their gradient.</summary>
    public Tensor Lengths() => Embeddings.norm(1);

    /// <summary>θ [B] in radians, 0 to π, without a gradient.</summary>
    public Tensor Angle()
    {
        Tensor own = UnitCenters.detach().index_select(0, CenterRows);         // [B, d]
        return RowAngles.Between(UnitEmbeddings.detach(), own);
    }
}
