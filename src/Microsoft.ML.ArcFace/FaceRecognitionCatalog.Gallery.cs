using Microsoft.Extensions.VectorData;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Gallery;
using Microsoft.ML.ArcFace.Gallery.VectorStore;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Galleries: people who can be found again by their faces.</summary>
public sealed partial class FaceRecognitionCatalog
{
    /// <summary>Opens a gallery for the embeddings of a model, or makes one.</summary>
    /// <param name="model">A model with one face embedding in it, such as a fitted pipeline; its threshold, if it was calibrated, tells strangers.</param>
    /// <param name="path">One file that keeps it; null: it is kept in memory only.</param>
    /// <param name="options">What can be set; null: the defaults.</param>
    /// <exception cref="ArgumentException">The model has no face embedding, or several.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be opened, is in use, damaged, encrypted under another key, or keeps vectors of another model.</exception>
    public FaceGallery CreateGallery(ITransformer model, string? path = null, FaceGalleryOptions? options = null) =>
        CreateGalleryFor(GetGalleryModel(model), path, options);

    /// <summary>Opens a gallery, or makes one, where the embeddings come from elsewhere than a model of this package.</summary>
    /// <param name="model">What tells the embeddings from others, their size, and their threshold.</param>
    /// <param name="path">One file that keeps it; null: it is kept in memory only.</param>
    /// <param name="options">What can be set; null: the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be opened, is in use, damaged, encrypted under another key, or keeps vectors of another model.</exception>
    public FaceGallery CreateGalleryFor(FaceGalleryModel model, string? path = null, FaceGalleryOptions? options = null)
    {
        _environment.CheckValue(model, nameof(model));
        _environment.CheckParam(path is null || !string.IsNullOrWhiteSpace(path), nameof(path), "The path is empty. Name a file, or give null for a gallery in memory.");
        return new FaceGallery(_environment, model, path, options ?? new FaceGalleryOptions());
    }

    /// <summary>Lists who is in a gallery's file. The model is not needed, and nothing is written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="encryptionKey">The key of 32 bytes that it is encrypted with; null: it is not.</param>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be opened, is in use, damaged, or encrypted under another key.</exception>
    public GalleryContents ReadGallery(string path, byte[]? encryptionKey = null)
    {
        _environment.CheckNonWhiteSpace(path, nameof(path));
        var options = new FaceGalleryOptions { EncryptionKey = encryptionKey };
        OptionsCheck.ThrowIfAny(options.Violations(), nameof(encryptionKey));
        return GalleryFile.List(Path.GetFullPath(path), encryptionKey);
    }

    /// <summary>
    /// Copies the file of a gallery that is not open, with the log that a process may have left beside it, into one file. Neither the
    /// model nor the key is needed; a damaged gallery is refused. A gallery that is open: <see cref="FaceGallery.BackupTo"/>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="outputPath">The copy, which appears when it is whole.</param>
    /// <param name="overwrite">Whether it may take the place of a file. Default false: what is there is left, and refused.</param>
    /// <exception cref="FaceGalleryException">The gallery cannot be opened, is in use or damaged; or the copy cannot be written, or is there already.</exception>
    public void BackupGallery(string path, string outputPath, bool overwrite = false)
    {
        _environment.CheckNonWhiteSpace(path, nameof(path));
        _environment.CheckNonWhiteSpace(outputPath, nameof(outputPath));
        GalleryBackup.OfFile(Path.GetFullPath(path), Path.GetFullPath(outputPath), overwrite);
    }

    /// <summary>Reads out of a damaged gallery what is sound, and makes a new gallery of it. The damaged file is left as it is.</summary>
    /// <param name="path">The damaged file.</param>
    /// <param name="outputPath">The new gallery, which must not be there yet.</param>
    /// <param name="encryptionKey">The key of 32 bytes that it is encrypted with, and that the new one is encrypted with, too; null: it is not.</param>
    /// <returns>What was read out, and what is lost.</returns>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be opened, is in use, or has too little left to read anything; or the new one cannot be written, or is there already.</exception>
    public RecoveredGallery RecoverGallery(string path, string outputPath, byte[]? encryptionKey = null)
    {
        _environment.CheckNonWhiteSpace(path, nameof(path));
        _environment.CheckNonWhiteSpace(outputPath, nameof(outputPath));
        var options = new FaceGalleryOptions { EncryptionKey = encryptionKey };
        OptionsCheck.ThrowIfAny(options.Violations(), nameof(encryptionKey));
        return GalleryRecovery.Run(Path.GetFullPath(path), Path.GetFullPath(outputPath), encryptionKey);
    }

    /// <summary>What a gallery has to know of a model: fingerprint, size and threshold of its embedding.</summary>
    /// <param name="model">A model with one face embedding in it, such as a fitted pipeline.</param>
    /// <exception cref="ArgumentException">The model has no face embedding, or several.</exception>
    public FaceGalleryModel GetGalleryModel(ITransformer model)
    {
        _environment.CheckValue(model, nameof(model));
        FaceEmbeddingTransformer embedding = model.FaceEmbedding();
        return new FaceGalleryModel(embedding.Fingerprint, embedding.EmbeddingSize, embedding.Threshold);
    }

    /// <summary>
    /// Opens a gallery in a collection of a vector store (Microsoft.Extensions.VectorData): any connector serves. The collection is
    /// made if it is not there. Its records: <see cref="FaceVectorRecord{TKey}.CreateDefinition"/>.
    /// </summary>
    /// <typeparam name="TKey">Guid or string, whichever the store takes.</typeparam>
    /// <param name="model">What tells the embeddings from others, as <see cref="GetGalleryModel"/> gives it.</param>
    /// <param name="collection">A collection for this gallery alone. It stays yours: dispose of it after the gallery.</param>
    /// <param name="options">When a face is taken for a person; null: the defaults.</param>
    /// <param name="cancellationToken">Stops waiting for the store.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    /// <exception cref="NotSupportedException">The key is of another type.</exception>
    /// <exception cref="FaceGalleryException">The collection keeps vectors of another model.</exception>
    public Task<IFaceGallery> OpenGalleryAsync<TKey>(
        FaceGalleryModel model,
        VectorStoreCollection<TKey, FaceVectorRecord<TKey>> collection,
        IdentificationOptions? options = null,
        CancellationToken cancellationToken = default) where TKey : notnull
    {
        _environment.CheckValue(model, nameof(model));
        _environment.CheckValue(collection, nameof(collection));
        return VectorStoreKey<TKey>.IsSupported
            ? VectorStoreGallery<TKey>.OpenAsync(collection, model, options ?? new IdentificationOptions(), cancellationToken)
            : throw new NotSupportedException($"The key is of the type {typeof(TKey).Name}; it must be Guid or String.");
    }
}
