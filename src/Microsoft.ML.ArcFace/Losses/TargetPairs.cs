using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>Each embedding of a batch with its own class centre.</summary>
/// <param name="UnitEmbeddings">[B, d], of unit length.</param>
/// <param name="UnitCenters">[C, d], of unit length.</param>
/// <param name="Labels">[B], int64.</param>
/// <param name="Cosine">[B]: cos θ of each pair, with its gradient.</param>
internal sealed record TargetPairs(Tensor UnitEmbeddings, Tensor UnitCenters, Tensor Labels, Tensor Cosine)
{
    /// <summary>
    /// θ [B] in radians, 0 to π, without a gradient: 2·atan2(‖x̂ − ŵ‖, ‖x̂ + ŵ‖), which keeps its digits at both ends,
    /// where arccos loses half of them.
    /// </summary>
    public Tensor Angle()
    {
        Tensor embeddings = UnitEmbeddings.detach();
        Tensor own = UnitCenters.detach().index_select(0, Labels);             // [B, d]
        return 2 * atan2((embeddings - own).norm(1), (embeddings + own).norm(1));
    }
}
