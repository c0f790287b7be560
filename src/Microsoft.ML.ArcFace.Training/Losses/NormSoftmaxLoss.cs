using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Softmax over s·cos θⱼ: embeddings and centres are normalised, there is no margin (ArcFace paper, arXiv 1801.07698,
/// equation 2). A scale of 20 trains better here than the 64 of the margin losses.
/// </summary>
public sealed record NormSoftmaxLoss : FaceLoss
{
    /// <summary>
    /// Weight of the intra-loss, the mean of θ_y/π over the batch, which draws samples towards their centre (equation 5
    /// of the paper): 0 to 1000, default 0, the paper's 1.
    /// </summary>
    public double IntraLossWeight { get; init; }

    /// <summary>
    /// Weight of the inter-loss, −1/(π(C − 1)) Σ arccos(Ŵ_y·Ŵⱼ) over j ≠ y, which pushes centres apart (equation 6 of
    /// the paper): 0 to 1000, default 0, the paper's 1. It computes the angles of B × C centres.
    /// </summary>
    public double InterLossWeight { get; init; }

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale) =>
        WithAngleTerms(new NormSoftmaxHead(embeddingSize, classCount, scale), IntraLossWeight, InterLossWeight);

    private protected override IEnumerable<string> OwnViolations() => AngleTermViolations(IntraLossWeight, InterLossWeight);
}
