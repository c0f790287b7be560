namespace Microsoft.ML.ArcFace.Experiments;

/// <summary>Trains and validates trials: the part of an experiment that takes its time.</summary>
internal interface ITrialTrainer
{
    /// <summary>Trains a trial for its epochs and validates it.</summary>
    /// <param name="trial">What is trained.</param>
    /// <param name="checkpointDirectory">Where its training goes on from and is kept, if anywhere.</param>
    /// <param name="cancellationToken">Stops within a batch.</param>
    TrainedTrial Train(FaceTrial trial, string? checkpointDirectory, CancellationToken cancellationToken);

    /// <summary>Writes a model that can be loaded again.</summary>
    void Save(ITransformer model, Stream stream);

    /// <summary>Loads a model that was saved.</summary>
    ITransformer Load(Stream stream);
}

/// <summary>A trial's model, which its receiver disposes of, and how well it does.</summary>
internal readonly record struct TrainedTrial(ITransformer Model, FaceTrialMetrics Metrics);
