using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// The margins of SphereFace, ArcFace and CosFace in one: target logit s(cos(m₁θ + m₂) − m₃) (arXiv 1801.07698,
/// equation 4). The paper's CM1 is (1, 0.3, 0.2), the default, and CM2 is (0.9, 0.4, 0.15); its SphereFace row is
/// (1.35, 0, 0).
/// </summary>
/// <param name="AngleMultiplier">m₁, multiplies the target's angle: 0.1 to 10, default 1.</param>
/// <param name="MarginRadians">m₂, added to the target's angle: 0 to π radians, default 0.3.</param>
/// <param name="CosineMargin">m₃, what is taken from the target's cosine: 0 to 2, default 0.2.</param>
public sealed record CombinedMarginLoss(double AngleMultiplier = 1, double MarginRadians = 0.3, double CosineMargin = 0.2) : FaceLoss
{
    /// <summary>
    /// The target logit beyond π; default <see cref="MarginExtension.Continuous"/>.
    /// <see cref="MarginExtension.InsightFace"/> is refused unless <see cref="AngleMultiplier"/> is 1.
    /// </summary>
    public MarginExtension Extension { get; init; } = MarginExtension.Continuous;

    /// <summary>The gradient through the margin; default <see cref="MarginGradient.Exact"/>.</summary>
    public MarginGradient Gradient { get; init; } = MarginGradient.Exact;

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale) =>
        new AngularMarginHead(embeddingSize, classCount, scale, new AngularMargin(AngleMultiplier, MarginRadians, Extension), CosineMargin, Gradient);

    private protected override double TargetCosine(double theta) => new AngularMargin(AngleMultiplier, MarginRadians, Extension).At(theta) - CosineMargin;

    private protected override IEnumerable<string> OwnViolations()
    {
        string[] violations =
        [
            .. OutOfRange(nameof(AngleMultiplier), AngleMultiplier, 0.1, 10, "The usual value is 1; the paper's SphereFace row has 1.35."),
            .. OutOfRange(nameof(MarginRadians), MarginRadians, 0, Math.PI, "The usual value is 0.3 radians (17.2 degrees)."),
            .. OutOfRange(nameof(CosineMargin), CosineMargin, 0, 2, "The usual value is 0.2."),
            .. Undefined(nameof(Extension), Extension),
            .. Undefined(nameof(Gradient), Gradient),
        ];
        foreach (var violation in violations)
            yield return violation;
        if (Extension == MarginExtension.InsightFace && AngleMultiplier != 1)
            yield return FormattableString.Invariant($"{nameof(CombinedMarginLoss)}.{nameof(Extension)} is {Extension} with {nameof(AngleMultiplier)} {AngleMultiplier:G6}; that form is defined for a multiplier of 1 alone. Use {MarginExtension.Continuous}.");
    }
}
