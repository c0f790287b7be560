using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// CurricularFace: target logit s·cos(θ_y + m); another class whose cosine passes cos(θ_y + m) is hard, and its logit
/// becomes s·cos θⱼ(t + cos θⱼ) (Huang et al., CVPR 2020, arXiv 2004.00288). Easy classes count first,
/// hard ones more and more as training goes on.
/// </summary>
/// <remarks>t is a moving average, at a rate of 0.01 a step, of the batch's mean target cosine; it starts at 0.</remarks>
/// <param name="MarginRadians">m, added to the target's angle: 0 to π radians, default 0.5 (28.6°).</param>
public sealed record CurricularFaceLoss(double MarginRadians = 0.5) : FaceLoss
{
    /// <summary>The target logit beyond π; default <see cref="MarginExtension.InsightFace"/>, as the authors train.</summary>
    public MarginExtension Extension { get; init; } = MarginExtension.InsightFace;

    internal override double? SingleMargin => MarginRadians;

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale) =>
        new CurricularFaceHead(embeddingSize, classCount, scale, new AngularMargin(1, MarginRadians, Extension));

    private protected override double TargetCosine(double theta) => new AngularMargin(1, MarginRadians, Extension).At(theta);

    private protected override IEnumerable<string> OwnViolations() =>
    [
        .. OutOfRange(nameof(MarginRadians), MarginRadians, 0, Math.PI, "The usual value is 0.5 radians (28.6 degrees)."),
        .. Undefined(nameof(Extension), Extension),
    ];
}
