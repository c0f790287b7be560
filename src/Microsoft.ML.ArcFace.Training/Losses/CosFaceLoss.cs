using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// CosFace, the additive cosine margin: target logit s(cos θ − m) (arXiv 1801.09414, equation 4).
/// </summary>
/// <param name="CosineMargin">m, what is taken from the target's cosine: 0 to 2, default 0.35; usual 0.35 to 0.4.</param>
public sealed record CosFaceLoss(double CosineMargin = 0.35) : FaceLoss
{
    internal override double? SingleMargin => CosineMargin;

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale) =>
        new CosFaceHead(embeddingSize, classCount, scale, CosineMargin);

    private protected override double TargetCosine(double theta) => Math.Cos(theta) - CosineMargin;

    private protected override IEnumerable<string> OwnViolations() =>
        OutOfRange(nameof(CosineMargin), CosineMargin, 0, 2, "The usual value is 0.35.");
}
