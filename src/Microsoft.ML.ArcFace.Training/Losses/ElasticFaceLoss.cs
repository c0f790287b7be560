using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// ElasticFace-Arc: ArcFace whose margin is drawn anew for each sample and step, target logit s·cos(θ + E) with
/// E ~ N(m, σ) (Boutros et al., CVPRW 2022, arXiv 2109.09416), so that classes need not all be equally wide.
/// </summary>
/// <param name="MarginRadians">m, the mean margin: 0 to π radians, default 0.5 (28.6°).</param>
/// <param name="StandardDeviationRadians">σ: 0 to 1 radian, default 0.0125.</param>
public sealed record ElasticFaceLoss(double MarginRadians = 0.5, double StandardDeviationRadians = 0.0125) : FaceLoss
{
    /// <summary>The target logit beyond π; default <see cref="MarginExtension.Continuous"/>.</summary>
    public MarginExtension Extension { get; init; } = MarginExtension.Continuous;

    internal override double? SingleMargin => MarginRadians;

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale) =>
        new ElasticFaceHead(embeddingSize, classCount, scale, this);

    private protected override double TargetCosine(double theta) => new AngularMargin(1, MarginRadians, Extension).At(theta);

    private protected override IEnumerable<string> OwnViolations() =>
    [
        .. OutOfRange(nameof(MarginRadians), MarginRadians, 0, Math.PI, "The usual value is 0.5 radians (28.6 degrees)."),
        .. OutOfRange(nameof(StandardDeviationRadians), StandardDeviationRadians, 0, 1, "The usual value is 0.0125 radians."),
        .. Undefined(nameof(Extension), Extension),
    ];
}
