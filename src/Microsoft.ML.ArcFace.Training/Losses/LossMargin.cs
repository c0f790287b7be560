namespace Microsoft.ML.ArcFace.Losses;

/// <summary>Tells the margin of a loss for summaries of a training.</summary>
internal static class LossMargin
{
    /// <summary>Gives the one margin of a loss; null if it has none, or several.</summary>
    public static double? Of(FaceLoss loss) => loss switch
    {
        ArcFaceLoss { MarginRadians: var margin } => margin,
        SubCenterArcFaceLoss { MarginRadians: var margin } => margin,
        CurricularFaceLoss { MarginRadians: var margin } => margin,
        ElasticFaceLoss { MarginRadians: var margin } => margin,
        AngularTripletLoss { MarginRadians: var margin } => margin,
        CosFaceLoss { CosineMargin: var margin } => margin,
        SphereFaceLoss { AngleMultiplier: var multiplier } => multiplier,
        AdaFaceLoss { Margin: var margin } => margin,
        TripletLoss { Margin: var margin } => margin,
        _ => null,
    };
}
