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

    internal override ClassificationHead CreateHead(int embeddingSize, long classCount, double scale) =>
        new AngularMarginHead(embeddingSize, classCount, scale, new AngularMargin(1, MarginRadians, Extension), 0, Gradient);

    private protected override IEnumerable<string> OwnViolations() =>
    [
        .. OutOfRange(nameof(MarginRadians), MarginRadians, 0, Math.PI, "The usual value is 0.5 radians (28.6 degrees)."),
        .. Undefined(nameof(Extension), Extension),
        .. Undefined(nameof(Gradient), Gradient),
    ];
}
