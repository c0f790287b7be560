using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// ArcFace, the additive angular margin: target logit s·cos(θ + m) (arXiv 1801.07698, equation 3).
/// </summary>
/// <param name="MarginRadians">m, added to the target's angle: 0 to π radians, default 0.5 (28.6°).</param>
public sealed record ArcFaceLoss(double MarginRadians = 0.5) : FaceLoss
{
    /// <summary>The target logit beyond π; default <see cref="MarginExtension.Continuous"/>.</summary>
    public MarginExtension Extension { get; init; } = MarginExtension.Continuous;

    /// <summary>The gradient through the margin; default <see cref="MarginGradient.Exact"/>.</summary>
    public MarginGradient Gradient { get; init; } = MarginGradient.Exact;

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

    internal override double? SingleMargin => MarginRadians;

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale)
    {
        var margin = new AngularMargin(1, MarginRadians, Extension);
        return WithAngleTerms(new AngularMarginHead(embeddingSize, classCount, scale, margin, 0, Gradient), IntraLossWeight, InterLossWeight);
    }

    private protected override double TargetCosine(double theta) => new AngularMargin(1, MarginRadians, Extension).At(theta);

    private protected override IEnumerable<string> OwnViolations() =>
    [
        .. OutOfRange(nameof(MarginRadians), MarginRadians, 0, Math.PI, "The usual value is 0.5 radians (28.6 degrees)."),
        .. Undefined(nameof(Extension), Extension),
        .. Undefined(nameof(Gradient), Gradient),
        .. AngleTermViolations(IntraLossWeight, InterLossWeight),
    ];
}
