using System.Text.Json.Serialization;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// The options that change no weight of a step: where the data come from and what may be among them (the run's identity has
/// their hash), when a run ends, what it gives out, and who follows it. Those that decide weights are <see cref="TrainingRecipe"/>.
/// </summary>
internal sealed record TrainingSetup
{
    public required string ImageColumnName { get; init; }

    public required string LabelColumnName { get; init; }

    [JsonIgnore]
    public IDataView? ValidationSet { get; init; }

    public required UnreadableImages UnreadableImages { get; init; }

    public required bool RequireAligned { get; init; }

    public required long? ImageCacheBytes { get; init; }

    public required int? EarlyStoppingPatienceEpochs { get; init; }

    /// <inheritdoc cref="ArcFaceTrainer.Options.StopAfterEpoch"/>
    [JsonIgnore]
    public int? StopAfterEpoch { get; init; }

    public required string EmbeddingColumnName { get; init; }

    public required string? PredictedLabelColumnName { get; init; }

    public required string? ScoreColumnName { get; init; }

    public required string? CosineColumnName { get; init; }

    public required string? QualityColumnName { get; init; }

    public required bool AddMirrorImage { get; init; }

    public required int InferenceBatchSize { get; init; }

    public required InferencePrecision InferencePrecision { get; init; }

    public required string? CheckpointDirectory { get; init; }

    public required int? CheckpointEverySteps { get; init; }

    public required int CheckpointsKept { get; init; }

    public required bool Resume { get; init; }

    public required string? TensorBoardDirectory { get; init; }

    [JsonIgnore]
    public Action<TrainingProgress>? Progress { get; init; }

    [JsonIgnore]
    public CancellationToken CancellationToken { get; init; }

    public static TrainingSetup Of(ArcFaceTrainer.Options options) => new()
    {
        ImageColumnName = options.ImageColumnName,
        LabelColumnName = options.LabelColumnName,
        ValidationSet = options.ValidationSet,
        UnreadableImages = options.UnreadableImages,
        RequireAligned = options.RequireAligned,
        ImageCacheBytes = options.ImageCacheBytes,
        EarlyStoppingPatienceEpochs = options.EarlyStoppingPatienceEpochs,
        StopAfterEpoch = options.StopAfterEpoch,
        EmbeddingColumnName = options.EmbeddingColumnName,
        PredictedLabelColumnName = options.PredictedLabelColumnName,
        ScoreColumnName = options.ScoreColumnName,
        CosineColumnName = options.CosineColumnName,
        QualityColumnName = options.QualityColumnName,
        AddMirrorImage = options.AddMirrorImage,
        InferenceBatchSize = options.InferenceBatchSize,
        InferencePrecision = options.InferencePrecision,
        CheckpointDirectory = options.CheckpointDirectory,
        CheckpointEverySteps = options.CheckpointEverySteps,
        CheckpointsKept = options.CheckpointsKept,
        Resume = options.Resume,
        TensorBoardDirectory = options.TensorBoardDirectory,
        Progress = options.Progress,
        CancellationToken = options.CancellationToken,
    };
}
