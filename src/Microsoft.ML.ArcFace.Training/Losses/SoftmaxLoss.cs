using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Ordinary softmax classification: logits Wⱼᵀx + bⱼ, nothing normalised, no margin and no scale. The base line of
/// Table 2 of the ArcFace paper (arXiv 1801.07698, equation 1); the biases start at 0.
/// </summary>
public sealed record SoftmaxLoss : FaceLoss
{
    internal override bool HasScale => false;

    internal override bool CanSampleClasses => false;

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale) =>
        new SoftmaxHead(embeddingSize, classCount);
}
