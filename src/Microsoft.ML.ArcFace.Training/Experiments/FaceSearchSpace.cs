using Microsoft.ML.SearchSpace;

namespace Microsoft.ML.ArcFace;

/// <summary>The losses that <see cref="FaceSearchSpace"/> chooses from.</summary>
public enum FaceLossKind
{
    /// <summary><see cref="ArcFaceLoss"/>; the margin is in radians.</summary>
    ArcFace,

    /// <summary><see cref="CosFaceLoss"/>; the margin is taken from the cosine.</summary>
    CosFace,

    /// <summary><see cref="AdaFaceLoss"/>; the margin is in radians and taken from the cosine.</summary>
    AdaFace,

    /// <summary><see cref="CurricularFaceLoss"/>; the margin is in radians.</summary>
    CurricularFace,

    /// <summary><see cref="NormSoftmaxLoss"/>, which has no margin.</summary>
    NormSoftmax,
}

/// <summary>
/// The search space of <c>CreateExperiment</c>, and an example of one: a class whose properties say by ML.NET's
/// <see cref="RangeAttribute"/> and <see cref="ChoiceAttribute"/> what they may be. The values that its properties start
/// with are the first trial; with null the trainer chooses for the size of the set.
/// </summary>
public sealed class FaceSearchSpace
{
    /// <summary>The loss. First ArcFace.</summary>
    [Choice(FaceLossKind.ArcFace, FaceLossKind.CosFace, FaceLossKind.AdaFace, FaceLossKind.CurricularFace, FaceLossKind.NormSoftmax)]
    public FaceLossKind Loss { get; set; } = FaceLossKind.ArcFace;

    /// <summary>The margin of the loss, 0.1 to 0.6: radians or cosine as <see cref="FaceLossKind"/> says. First 0.5.</summary>
    [Range(0.1, 0.6)]
    public double Margin { get; set; } = 0.5;

    /// <summary>The scale of the logits, 16 to 64, drawn by its logarithm. First the trainer's choice.</summary>
    [Range(16.0, 64.0, logBase: true)]
    public double? Scale { get; set; }

    /// <summary>The network: MobileFaceNet, or IResNet-18, which takes about six times the work. First MobileFaceNet.</summary>
    [Choice(BackboneArchitecture.MobileFaceNet, BackboneArchitecture.IResNet18)]
    public BackboneArchitecture Backbone { get; set; } = BackboneArchitecture.MobileFaceNet;

    /// <summary>The peak learning rate of AdamW, 0.0002 to 0.005, drawn by its logarithm. First 0.001.</summary>
    [Range(2e-4, 5e-3, logBase: true)]
    public double LearningRate { get; set; } = 1e-3;

    /// <summary>Photographs in a step: 16, 32 or 64. First the trainer's choice.</summary>
    [Choice(16, 32, 64)]
    public int? BatchSize { get; set; }

    /// <summary>The options with the searched ones replaced: loss, backbone, learning rate (of AdamW) and batch size.</summary>
    /// <param name="options">What is not searched.</param>
    public ArcFaceTrainer.Options ApplyTo(ArcFaceTrainer.Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        FaceLoss loss = Loss switch
        {
            FaceLossKind.CosFace => new CosFaceLoss(Margin),
            FaceLossKind.AdaFace => new AdaFaceLoss(Margin),
            FaceLossKind.CurricularFace => new CurricularFaceLoss(Margin),
            FaceLossKind.NormSoftmax => new NormSoftmaxLoss(),
            _ => new ArcFaceLoss(Margin),
        };
        return options with
        {
            Loss = loss with { Scale = Scale },
            Backbone = Backbone,
            Optimizer = TrainingOptimizer.AdamW,
            LearningRate = LearningRate,
            BatchSize = BatchSize,
        };
    }
}
