namespace Microsoft.ML.ArcFace.Tests.Losses;

/// <summary>Every margin-softmax loss with the usual margins, for tests that hold for each.</summary>
internal static class MarginSoftmaxCases
{
    public static readonly FaceLoss[] ExactLosses =
    [
        new SoftmaxLoss(), new NormSoftmaxLoss(), new CosFaceLoss(),
        new SphereFaceLoss(), new SphereFaceLoss { InitialAnnealing = 0, MinimumAnnealing = 0 },
        .. Enum.GetValues<MarginExtension>().Select(extension => new ArcFaceLoss { Extension = extension }),
        .. Enum.GetValues<MarginExtension>().Select(extension => new CombinedMarginLoss { Extension = extension }),
        .. from extension in new[] { MarginExtension.None, MarginExtension.Continuous }
           from margins in new (double Multiplier, double Radians, double Cosine)[] { (0.9, 0.4, 0.15), (1.35, 0, 0), (2, 0.5, 0.1), (4, 0, 0) }
           select new CombinedMarginLoss(margins.Multiplier, margins.Radians, margins.Cosine) { Extension = extension },
    ];
}
