namespace Microsoft.ML.ArcFace.Samples;

/// <summary>The rows of the comparison: the paper's Table 2 at the paper's margins, and the losses that came after it.</summary>
internal static class ComparedLosses
{
    /// <summary>Each with the name that it has in the table, on the command line and as a file.</summary>
    public static IReadOnlyList<(string Name, FaceLoss Loss)> All { get; } =
    [
        ("Softmax", new SoftmaxLoss()),
        ("NormSoftmax", new NormSoftmaxLoss { Scale = 20 }),
        ("NormSoftmax+Intra", new NormSoftmaxLoss { Scale = 20, IntraLossWeight = 1 }),
        ("NormSoftmax+Inter", new NormSoftmaxLoss { Scale = 20, InterLossWeight = 1 }),
        ("NormSoftmax+Intra+Inter", new NormSoftmaxLoss { Scale = 20, IntraLossWeight = 1, InterLossWeight = 1 }),
        ("SphereFace-1.35", new CombinedMarginLoss(1.35, 0, 0)),
        ("CosFace-0.35", new CosFaceLoss(0.35)),
        ("ArcFace-0.4", new ArcFaceLoss(0.4)),
        ("ArcFace-0.5", new ArcFaceLoss(0.5)),
        ("ArcFace-0.5+Intra", new ArcFaceLoss(0.5) { IntraLossWeight = 1 }),
        ("ArcFace-0.5+Inter", new ArcFaceLoss(0.5) { InterLossWeight = 1 }),
        ("ArcFace-0.5+Intra+Inter", new ArcFaceLoss(0.5) { IntraLossWeight = 1, InterLossWeight = 1 }),
        ("CM1", new CombinedMarginLoss(1, 0.3, 0.2)),
        ("CM2", new CombinedMarginLoss(0.9, 0.4, 0.15)),
        ("Triplet-0.35", new AngularTripletLoss(0.35)),
        ("SphereFace-4", new SphereFaceLoss()),
        ("CenterLoss", new CenterLoss()),
        ("SubCenterArcFace", new SubCenterArcFaceLoss()),
        ("AdaFace", new AdaFaceLoss()),
        ("CurricularFace", new CurricularFaceLoss()),
        ("MagFace", new MagFaceLoss()),
        ("ElasticFace", new ElasticFaceLoss()),
        ("TripletBatchHard", new TripletLoss()),
    ];
}
