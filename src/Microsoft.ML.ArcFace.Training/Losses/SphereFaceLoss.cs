using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// SphereFace as first published: target logit ‖x‖(λ cos θ + ψ(θ))/(1 + λ) with ψ(θ) = (−1)ᵏ cos(mθ) − 2k on
/// θ ∈ [kπ/m, (k+1)π/m], the other logits ‖x‖ cos θⱼ (arXiv 1704.08063, equation 7). The embedding keeps its length,
/// which is the scale.
/// </summary>
/// <remarks>
/// The annealing weight λ = max(<see cref="MinimumAnnealing"/>,
/// <see cref="InitialAnnealing"/>/(1 + <see cref="AnnealingDecay"/>·step)) mixes the margin with plain softmax, which
/// is what makes the loss stable; it has fallen to its minimum after some 3000 steps of the defaults. The milder
/// multiplicative margin of the ArcFace paper's tables is <see cref="CombinedMarginLoss"/> with (1.35, 0, 0).
/// </remarks>
/// <param name="AngleMultiplier">m, multiplies the target's angle: 1 to 10, default 4.</param>
public sealed record SphereFaceLoss(double AngleMultiplier = 4) : FaceLoss
{
    /// <summary>λ at the first step: 0 to 1e9, default 1500.</summary>
    public double InitialAnnealing { get; init; } = 1500;

    /// <summary>How fast λ falls, per step: 0 to 1e9, default 0.1.</summary>
    public double AnnealingDecay { get; init; } = 0.1;

    /// <summary>Below this λ does not fall: 0 (the margin alone) to 1e9, default 5.</summary>
    public double MinimumAnnealing { get; init; } = 5;

    internal override double? SingleMargin => AngleMultiplier;

    internal override bool HasScale => false;

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale) =>
        new SphereFaceHead(embeddingSize, classCount, this);

    private protected override double TargetCosine(double theta) => ((MinimumAnnealing * Math.Cos(theta)) + new AngularMargin(AngleMultiplier, 0, MarginExtension.Continuous).At(theta)) / (1 + MinimumAnnealing);

    private protected override IEnumerable<string> OwnViolations() =>
    [
        .. OutOfRange(nameof(AngleMultiplier), AngleMultiplier, 1, 10, "The usual value is 4."),
        .. OutOfRange(nameof(InitialAnnealing), InitialAnnealing, 0, 1e9, "The usual value is 1500."),
        .. OutOfRange(nameof(AnnealingDecay), AnnealingDecay, 0, 1e9, "The usual value is 0.1."),
        .. OutOfRange(nameof(MinimumAnnealing), MinimumAnnealing, 0, 1e9, "The usual value is 5."),
    ];
}
