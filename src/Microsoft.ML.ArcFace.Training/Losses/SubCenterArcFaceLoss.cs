using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Sub-center ArcFace for noisy labels: K centres a person, cos θⱼ = maxₖ x̂·Ŵⱼₖ, target logit s·cos(θ_y + m) (Deng et
/// al., ECCV 2020). Photographs of others gather around a centre of their own and leave the dominant
/// one clean.
/// </summary>
/// <remarks>
/// After training the centre with the most photographs of a person stands for the person. With
/// <see cref="DropOverDegrees"/> set, photographs farther from it are left out and a network is trained anew, with one
/// centre a person and <see cref="ArcFaceLoss"/> of the same margin: the paper's second stage, which takes about as long
/// as the first. If more than half of the photographs would be left out, the first network has not learned enough to
/// judge them: it is kept, with a warning.
/// </remarks>
/// <param name="MarginRadians">m, added to the target's angle: 0 to π radians, default 0.5 (28.6°).</param>
/// <param name="SubCenters">K, centres a person: 1 to 100, default 3.</param>
public sealed record SubCenterArcFaceLoss(double MarginRadians = 0.5, int SubCenters = 3) : FaceLoss
{
    /// <summary>
    /// Photographs at a larger angle from their person's dominant centre are left out of a second training: above 0 to
    /// 180 degrees; the paper's value is 75. <see langword="null"/>, the default: one training, on all photographs.
    /// </summary>
    public double? DropOverDegrees { get; init; }

    /// <summary>The target logit beyond π; default <see cref="MarginExtension.Continuous"/>.</summary>
    public MarginExtension Extension { get; init; } = MarginExtension.Continuous;

    /// <summary>The gradient through the margin; default <see cref="MarginGradient.Exact"/>.</summary>
    public MarginGradient Gradient { get; init; } = MarginGradient.Exact;

    /// <summary>What the second stage trains with.</summary>
    internal ArcFaceLoss SecondStage => new(MarginRadians) { Scale = Scale, Extension = Extension, Gradient = Gradient };

    internal override double? SingleMargin => MarginRadians;

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale) =>
        new SubCenterHead(embeddingSize, classCount, SubCenters, scale, new AngularMargin(1, MarginRadians, Extension), Gradient);

    private protected override double TargetCosine(double theta) => new AngularMargin(1, MarginRadians, Extension).At(theta);

    private protected override IEnumerable<string> OwnViolations() =>
    [
        .. OutOfRange(nameof(MarginRadians), MarginRadians, 0, Math.PI, "The usual value is 0.5 radians (28.6 degrees)."),
        .. OutOfRange(nameof(SubCenters), SubCenters, 1, 100, "The usual value is 3."),
        .. OutOfRange(nameof(DropOverDegrees), DropOverDegrees ?? 75, double.Epsilon, 180, "The paper's value is 75; null trains once."),
        .. Undefined(nameof(Extension), Extension),
        .. Undefined(nameof(Gradient), Gradient),
    ];
}
