using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// AdaFace, a margin that follows image quality as the embedding's length tells it: ẑ = clip((‖x‖ − μ)/(σ + 0.001)·h,
/// −1, 1), target logit s(cos(θ − mẑ) − (m + mẑ)) (Kim et al., CVPR 2022, arXiv 2204.00964). Poor
/// photographs that cannot be recognised are not insisted on.
/// </summary>
/// <remarks>
/// μ and σ are moving averages, at a rate of 0.01 a step, of the lengths' mean and unbiased standard deviation in a batch;
/// they start at 20 and 100. No gradient passes through the length. Cosines are clamped to ±(1 − 0.001), lengths to
/// 0.001–100, the angle with its margin to 0.001–(π − 0.001), as in the authors' code.
/// </remarks>
/// <param name="Margin">m, in radians for the angle and as a cosine beside it: 0 to 1, default 0.4.</param>
public sealed record AdaFaceLoss(double Margin = 0.4) : FaceLoss
{
    /// <summary>h, how many standard deviations of length make up the range of ẑ, inverted: 0 to 10, default 0.333.</summary>
    public double Concentration { get; init; } = 0.333;

    internal override double? SingleMargin => Margin;

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale) =>
        new AdaFaceHead(embeddingSize, classCount, scale, this);

    private protected override double TargetCosine(double theta) => Math.Cos(theta) - Margin;

    private protected override IEnumerable<string> OwnViolations() =>
    [
        .. OutOfRange(nameof(Margin), Margin, 0, 1, "The usual value is 0.4."),
        .. OutOfRange(nameof(Concentration), Concentration, 0, 10, "The usual value is 0.333."),
    ];
}
