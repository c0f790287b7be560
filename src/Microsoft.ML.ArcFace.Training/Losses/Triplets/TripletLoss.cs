using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Triplet loss: an anchor is to be nearer to another photograph of its person than to one of somebody else, by a
/// margin: max(0, d(a, p) − d(a, n) + m) over Euclidean distances of unit-length embeddings, the mean over triplets that
/// are not yet so (Hermans et al., "In Defense of the Triplet Loss", arXiv 1703.07737).
/// </summary>
/// <remarks>
/// There are no class centres to learn, so that the number of people costs nothing. Each batch holds P people ×
/// <see cref="ArcFaceTrainer.Options.PhotographsPerPerson"/> photographs. The model's class centres are the means of the
/// people's unit-length embeddings.
/// </remarks>
/// <param name="Margin">m, a difference of distances, which reach from 0 to 2: 0 to 2, default 0.3.</param>
public sealed record TripletLoss(double Margin = 0.3) : FaceLoss
{
    /// <summary>Which triplets of a batch count; default <see cref="TripletMining.BatchHard"/>.</summary>
    public TripletMining Mining { get; init; } = TripletMining.BatchHard;

    /// <summary>
    /// Whether log(1 + exp(d(a, p) − d(a, n))) takes the place of the hinge; there is no margin then. Default false.
    /// </summary>
    public bool SoftMargin { get; init; }

    internal override double? SingleMargin => Margin;

    internal override bool HasScale => false;

    internal override bool ComparesPhotographs => true;

    internal override int LargestBatch => Mining.LargestBatch();

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale) =>
        new TripletHead(embeddingSize, classCount, rows => RowAngles.DistancesOfAll(rows, rows), Mining, SoftMargin ? null : Margin);

    private protected override double OtherAngle(double theta) => 2 * Math.Asin(Math.Sin(theta / 2) + (SoftMargin ? 0 : Margin / 2));

    private protected override IEnumerable<string> OwnViolations() =>
    [
        .. OutOfRange(nameof(Margin), Margin, 0, 2, "The usual value is 0.3."),
        .. Undefined(nameof(Mining), Mining),
    ];
}
