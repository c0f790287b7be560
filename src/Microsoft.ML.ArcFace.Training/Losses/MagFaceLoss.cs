using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// MagFace: the margin m(a) grows linearly with the embedding's length a = ‖x‖, and g(a) = a/u² + 1/a rewards length,
/// so that easy, clear photographs get long embeddings: target logit s·cos(θ + m(a)), plus λ·g(a) (Meng et al., CVPR
/// 2021, arXiv 2103.06627).
/// </summary>
/// <remarks>
/// The length then measures quality: <see cref="ArcFaceTrainer.Options.QualityColumnName"/> gives it a column. Lengths are
/// clamped to the range from <see cref="LowerLength"/> to <see cref="UpperLength"/>.
/// </remarks>
public sealed record MagFaceLoss : FaceLoss
{
    /// <summary>The margin at <see cref="LowerLength"/>: 0 to π radians, default 0.45.</summary>
    public double LowerMarginRadians { get; init; } = 0.45;

    /// <summary>The margin at <see cref="UpperLength"/>: <see cref="LowerMarginRadians"/> to π radians, default 0.8.</summary>
    public double UpperMarginRadians { get; init; } = 0.8;

    /// <summary>The shortest length that counts: 0.001 to 100,000, default 10.</summary>
    public double LowerLength { get; init; } = 10;

    /// <summary>u, the greatest length that counts: above <see cref="LowerLength"/>, at most 1,000,000, default 110.</summary>
    public double UpperLength { get; init; } = 110;

    /// <summary>λ, the weight of g(a): 0 to 1000, default 35; 20 is used too.</summary>
    public double LengthWeight { get; init; } = 35;

    /// <summary>Whether the margin is in force only where cos θ is above 0, as the authors train; default true.</summary>
    public bool EasyMargin { get; init; } = true;

    /// <summary>The target logit beyond π, which an easy margin never reaches; default <see cref="MarginExtension.Continuous"/>.</summary>
    public MarginExtension Extension { get; init; } = MarginExtension.Continuous;

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale)
    {
        var head = new MagFaceHead(embeddingSize, classCount, scale, this);
        head.Add(new LengthTerm(LengthWeight, LowerLength, UpperLength));
        return head;
    }

    private protected override double TargetCosine(double theta) => EasyMargin && Math.Cos(theta) <= 0
        ? Math.Cos(theta)
        : new AngularMargin(1, (LowerMarginRadians + UpperMarginRadians) / 2, Extension).At(theta);

    private protected override IEnumerable<string> OwnViolations() =>
    [
        .. OutOfRange(nameof(LowerMarginRadians), LowerMarginRadians, 0, Math.PI, "The usual value is 0.45 radians."),
        .. OutOfRange(nameof(UpperMarginRadians), UpperMarginRadians, LowerMarginRadians, Math.PI, "The usual value is 0.8 radians."),
        .. OutOfRange(nameof(LowerLength), LowerLength, 1e-3, 1e5, "The usual value is 10."),
        .. OutOfRange(nameof(UpperLength), UpperLength, LowerLength * 1.001, 1e6, "The usual value is 110; it must be above the lower length."),
        .. OutOfRange(nameof(LengthWeight), LengthWeight, 0, 1000, "The usual value is 35."),
        .. Undefined(nameof(Extension), Extension),
    ];
}
