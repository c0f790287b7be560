using Microsoft.Extensions.VectorData;
using Microsoft.ML.ArcFace.Gallery.VectorStore;

namespace Microsoft.ML.ArcFace;

/// <summary>Opens galleries in vector stores.</summary>
public static class VectorStoreFaceGallery
{
    /// <summary>
    /// Opens a gallery in a collection of a vector store (Microsoft.Extensions.VectorData): any connector serves. The collection is
    /// made if it is not there. Its records: <see cref="FaceVectorRecord{TKey}.CreateDefinition"/>.
    /// </summary>
    /// <typeparam name="TKey">Guid or string, whichever the store takes.</typeparam>
    /// <param name="collection">A collection for this gallery alone. It stays yours: dispose of it after the gallery.</param>
    /// <param name="model">The model whose embeddings it keeps.</param>
    /// <param name="options">When a face is taken for a person; null: the defaults.</param>
    /// <param name="cancellationToken">Stops waiting for the store.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    /// <exception cref="NotSupportedException">The key is of another type.</exception>
    /// <exception cref="FaceGalleryException">The collection keeps vectors of another model.</exception>
    public static Task<IFaceGallery> OpenAsync<TKey>(
        VectorStoreCollection<TKey, FaceVectorRecord<TKey>> collection,
        FaceGalleryModel model,
        IdentificationOptions? options = null,
        CancellationToken cancellationToken = default) where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(collection);
        ArgumentNullException.ThrowIfNull(model);
        return VectorStoreKey<TKey>.IsSupported
            ? VectorStoreGallery<TKey>.OpenAsync(collection, model, options ?? new IdentificationOptions(), cancellationToken)
            : throw new NotSupportedException($"The key is of the type {typeof(TKey).Name}; it must be Guid or String.");
    }
}
