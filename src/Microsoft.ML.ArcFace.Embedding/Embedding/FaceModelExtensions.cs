using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>What a fitted or loaded pipeline says of the face embedding in it.</summary>
public static class FaceModelExtensions
{
    /// <summary>The face embedding of a model: its size, its fingerprint, its threshold.</summary>
    /// <param name="model">A pipeline with one face embedding in it, or the embedding itself. It goes on owning it.</param>
    /// <exception cref="ArgumentException">There is none, or there are several.</exception>
    public static FaceEmbeddingTransformer FaceEmbedding(this ITransformer model)
    {
        ArgumentNullException.ThrowIfNull(model);
        FaceEmbeddingTransformer[] found = [.. Parts(model).OfType<FaceEmbeddingTransformer>().Distinct()];
        return found.Length == 1
            ? found[0]
            : throw new ArgumentException($"The model has {found.Length} face embeddings in it; it takes one. Give the model that ArcFace or EmbedFaces made, or a pipeline with it.", nameof(model));
    }

    /// <summary>
    /// The same model with a threshold, which <c>ml.Model.Save</c> and <c>ExportToSafetensors</c> keep, and which verification
    /// and identification go by. No weights are copied: both models share networks and detectors, which are freed when both are
    /// disposed of; either goes on working without the other. Parts of other makers are the same objects in both.
    /// </summary>
    /// <param name="model">A pipeline with one face embedding in it, or the embedding itself; it stays as it is.</param>
    /// <param name="threshold">What <c>faces.CalibrateThreshold</c> found with this model; null: none.</param>
    /// <exception cref="ArgumentException">The model has no face embedding, or several.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed of.</exception>
    public static ITransformer WithThreshold(this ITransformer model, VerificationThreshold? threshold)
    {
        FaceEmbeddingTransformer before = model.FaceEmbedding();
        return Replace(model, before, before.With(threshold));
    }

    /// <summary>
    /// Makes the same model, which refuses photographs that are no aligned faces of 112×112 pixels instead of cropping and resizing them.
    /// No weights are copied: both models share networks and detectors, which are freed when both are disposed of. Files do not keep it.
    /// </summary>
    /// <param name="model">A pipeline with one face embedding in it, or the embedding itself; it stays as it is.</param>
    /// <exception cref="ArgumentException">The model has no face embedding, or several.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed of.</exception>
    public static ITransformer RequireAlignedFaces(this ITransformer model)
    {
        FaceEmbeddingTransformer before = model.FaceEmbedding();
        return Replace(model, before, before.WithAlignedFacesOnly());
    }

    /// <summary>The transformers of a pipeline in their order, those of nested pipelines among them.</summary>
    internal static IEnumerable<ITransformer> Parts(this ITransformer model) => model is IEnumerable<ITransformer> chain ? chain.SelectMany(Parts) : [model];

    private static ITransformer Replace(ITransformer part, FaceEmbeddingTransformer before, FaceEmbeddingTransformer after) => part switch
    {
        IEnumerable<ITransformer> chain => new TransformerChain<ITransformer>([.. chain.Select(inner => Replace(inner, before, after))]),
        _ when ReferenceEquals(part, before) => after,
        ISharedTransformer shared => shared.Share(),
        _ => part,
    };
}
