using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Softmax over s·cos θⱼ: embeddings and centres are normalised, there is no margin (ArcFace paper, arXiv 1801.07698,
/// equation 2). A scale of 20 trains better here than the 64 of the margin losses.
/// </summary>
public sealed record NormSoftmaxLoss : FaceLoss
{
    internal override ClassificationHead CreateHead(int embeddingSize, long classCount, double scale) =>
        new NormSoftmaxHead(embeddingSize, classCount, scale);
}
