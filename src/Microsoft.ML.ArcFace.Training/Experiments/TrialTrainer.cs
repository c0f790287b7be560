using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Experiments;

/// <summary>Trains trials with <see cref="ArcFaceTrainer"/>.</summary>
internal sealed class TrialTrainer(
    MLContext context, IEstimator<ITransformer>? preFeaturizer, IDataView train, IDataView validation, ValidationPairs pairs, double falseAcceptRate) : ITrialTrainer
{
    public TrainedTrial Train(FaceTrial trial, string? checkpointDirectory, CancellationToken cancellationToken)
    {
        TransformerChain<ITransformer> model = Fit(trial.Options with
        {
            CheckpointDirectory = checkpointDirectory,
            Resume = true,
            TensorBoardDirectory = trial.Options.TensorBoardDirectory is { } events ? Path.Combine(events, TrialStore.NameOf(trial)) : null,
            CancellationToken = cancellationToken,
        });
        try
        {
            float[][] embeddings = [.. model.Transform(validation).GetColumn<float[]>(trial.Options.EmbeddingColumnName).TakeWhile(_ => !cancellationToken.IsCancellationRequested)];
            cancellationToken.ThrowIfCancellationRequested();
            return new TrainedTrial(model, pairs.Evaluate(embeddings, falseAcceptRate));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public void Save(ITransformer model, Stream stream) => FaceModelFile.Save(context, model, train.Schema, stream);

    public ITransformer Load(Stream stream) => FaceModelFile.Load(context, stream, out _);

    private TransformerChain<ITransformer> Fit(ArcFaceTrainer.Options options)
    {
        ArcFaceTrainer trainer = context.FaceRecognition().Trainers.ArcFace(options);
        if (preFeaturizer is null)
        {
            return new TransformerChain<ITransformer>(trainer.Fit(train));
        }

        ITransformer features = preFeaturizer.Fit(train);
        try
        {
            return new TransformerChain<ITransformer>(features, trainer.Fit(features.Transform(train)));
        }
        catch
        {
            (features as IDisposable)?.Dispose();
            throw;
        }
    }
}
