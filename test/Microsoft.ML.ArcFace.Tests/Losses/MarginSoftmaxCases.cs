using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace.Tests.Losses;

/// <summary>The losses that classify, with their usual settings, for tests that hold for each.</summary>
internal static class MarginSoftmaxCases
{
    /// <summary>One centre a class, and nothing but the cross entropy of its logits.</summary>
    public static readonly FaceLoss[] ExactLosses =
    [
        new SoftmaxLoss(), new NormSoftmaxLoss(), new CosFaceLoss(),
        new SphereFaceLoss(), new SphereFaceLoss { InitialAnnealing = 0, MinimumAnnealing = 0 },
        .. Enum.GetValues<MarginExtension>().Select(extension => new ArcFaceLoss { Extension = extension }),
        .. Enum.GetValues<MarginExtension>().Select(extension => new CombinedMarginLoss { Extension = extension }),
        .. from extension in new[] { MarginExtension.None, MarginExtension.Continuous }
           from margins in new (double Multiplier, double Radians, double Cosine)[] { (0.9, 0.4, 0.15), (1.35, 0, 0), (2, 0.5, 0.1), (4, 0, 0) }
           select new CombinedMarginLoss(margins.Multiplier, margins.Radians, margins.Cosine) { Extension = extension },
        new AdaFaceLoss(), new ElasticFaceLoss(),
        .. Enum.GetValues<MarginExtension>().Select(extension => new CurricularFaceLoss { Extension = extension }),
    ];

    /// <summary>Those above, those with terms beside the cross entropy, and those with several centres a class.</summary>
    public static readonly FaceLoss[] AllLosses =
    [
        .. ExactLosses,
        new NormSoftmaxLoss { IntraLossWeight = 1 }, new NormSoftmaxLoss { InterLossWeight = 1 }, new ArcFaceLoss { IntraLossWeight = 1, InterLossWeight = 0.5 },
        new MagFaceLoss { LowerLength = 0.6, UpperLength = 1.4 }, new MagFaceLoss { LowerLength = 0.6, UpperLength = 1.4, EasyMargin = false },
        new CenterLoss(0.5), new SubCenterArcFaceLoss(), new SubCenterArcFaceLoss(SubCenters: 1),
    ];

    /// <summary>The head in evaluation mode: running statistics stay as they are.</summary>
    public static ClassificationHead CreateClassificationHead(this FaceLoss loss, int embeddingSize, long classCount, double scale)
    {
        var head = (ClassificationHead)loss.CreateHead(embeddingSize, classCount, scale);
        head.eval();
        return head;
    }
}
