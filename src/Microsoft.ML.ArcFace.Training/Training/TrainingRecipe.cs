using System.Text.Json.Serialization;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// The options that decide which weights a run comes to, as the user set them. Whatever makes or moves weights is given these
/// and never <see cref="ArcFaceTrainer.Options"/>, so that no other option can change a weight; and a run is known by their JSON
/// and its data (<see cref="RunIdentity"/>). All other options are those of <see cref="TrainingSetup"/>.
/// </summary>
internal sealed record TrainingRecipe
{
    public required BackboneArchitecture Backbone { get; init; }

    public required int EmbeddingSize { get; init; }

    /// <summary>The file; a run is known by its bytes, which <see cref="RunIdentity"/> hashes.</summary>
    [JsonIgnore]
    public string? InitialWeights { get; init; }

    public FacePixels? Pixels { get; init; }

    public bool RenewNorms { get; init; }

    public required double? BackboneLearningRateShare { get; init; }

    public required int FrozenStages { get; init; }

    /// <summary>A run is known by its weights and how it is listened to (<see cref="RunIdentity"/>).</summary>
    [JsonIgnore]
    public FaceTeacher? Teacher { get; init; }

    public required double Dropout { get; init; }

    public required FaceLoss Loss { get; init; }

    public required double? ClassSampleRate { get; init; }

    public required int? Epochs { get; init; }

    public required int? BatchSize { get; init; }

    public required int? PhotographsPerPerson { get; init; }

    public required TrainingPrecision? Precision { get; init; }

    public required TrainingOptimizer? Optimizer { get; init; }

    public required double? LearningRate { get; init; }

    public required LearningRateDecay? Decay { get; init; }

    public required double? WarmUpFraction { get; init; }

    public required double? MarginRampFraction { get; init; }

    public required double Momentum { get; init; }

    public required double? WeightDecay { get; init; }

    public required double GradientClippingNorm { get; init; }

    public required FaceAugmentation? Augmentation { get; init; }

    public required double? WeightAveragingDecay { get; init; }

    /// <summary>Null until the run chooses one.</summary>
    public required int? Seed { get; init; }

    /// <summary>Photographs of each person in a batch, where they are sampled by person.</summary>
    [JsonIgnore]
    public int? SampledPhotographsPerPerson => PhotographsPerPerson ?? (Loss.ComparesPhotographs ? 4 : null);

    public static TrainingRecipe Of(ArcFaceTrainer.Options options) => new()
    {
        Backbone = options.Backbone,
        EmbeddingSize = options.EmbeddingSize,
        InitialWeights = options.InitialWeights,
        Pixels = options.Pixels,
        RenewNorms = options.RenewNorms,
        BackboneLearningRateShare = options.BackboneLearningRateShare,
        FrozenStages = options.FrozenStages,
        Teacher = options.Teacher,
        Dropout = options.Dropout,
        Loss = options.Loss,
        ClassSampleRate = options.ClassSampleRate,
        Epochs = options.Epochs,
        BatchSize = options.BatchSize,
        PhotographsPerPerson = options.PhotographsPerPerson,
        Precision = options.Precision,
        Optimizer = options.Optimizer,
        LearningRate = options.LearningRate,
        Decay = options.Decay,
        WarmUpFraction = options.WarmUpFraction,
        MarginRampFraction = options.MarginRampFraction,
        Momentum = options.Momentum,
        WeightDecay = options.WeightDecay,
        GradientClippingNorm = options.GradientClippingNorm,
        Augmentation = options.Augmentation,
        WeightAveragingDecay = options.WeightAveragingDecay,
        Seed = options.Seed,
    };
}
