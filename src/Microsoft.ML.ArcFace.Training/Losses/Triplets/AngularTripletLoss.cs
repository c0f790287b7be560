using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Angular triplet loss: the angle between two photographs of a person plus a margin is to be at most the angle to a
/// photograph of somebody else, arccos(x̂·x̂_pos) + m ≤ arccos(x̂·x̂_neg) (ArcFace paper, arXiv 1801.07698); the
/// mean over triplets for which it is not.
/// </summary>
/// <remarks>Batches and class centres are those of <see cref="TripletLoss"/>.</remarks>
/// <param name="MarginRadians">m, a difference of angles: 0 to π radians, default 0.35 (20.1°).</param>
public sealed record AngularTripletLoss(double MarginRadians = 0.35) : FaceLoss
{
    /// <summary>Which triplets of a batch count; default <see cref="TripletMining.All"/>.</summary>
    public TripletMining Mining { get; init; } = TripletMining.All;

    /// <summary>Whether log(1 + exp(θ_pos − θ_neg)) takes the place of the hinge; there is no margin then. Default false.</summary>
    public bool SoftMargin { get; init; }

    internal override double? SingleMargin => MarginRadians;

    internal override bool HasScale => false;

    internal override bool ComparesPhotographs => true;

    internal override int LargestBatch => Mining.LargestBatch();

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale) =>
        new TripletHead(embeddingSize, classCount, RowAngles.OfAll, Mining, SoftMargin ? null : MarginRadians);

    private protected override double OtherAngle(double theta) => theta + (SoftMargin ? 0 : MarginRadians) is var other && other <= Math.PI ? other : double.NaN;

    private protected override IEnumerable<string> OwnViolations() =>
    [
        .. OutOfRange(nameof(MarginRadians), MarginRadians, 0, Math.PI, "The usual value is 0.35 radians (20.1 degrees)."),
        .. Undefined(nameof(Mining), Mining),
    ];
}
