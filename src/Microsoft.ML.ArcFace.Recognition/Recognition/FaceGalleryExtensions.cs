using System.ComponentModel;
using Microsoft.Extensions.VectorData;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Recognition;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Opens galleries for models of ML.NET, and enrolls the people of its views.</summary>
public static class FaceGalleryExtensions
{
    /// <param name="faces">The catalog.</param>
    extension(FaceRecognitionCatalog faces)
    {
        /// <summary>Opens a gallery for the embeddings of a model, or makes one.</summary>
        /// <param name="model">A model with one face embedding in it, such as a fitted pipeline; its threshold, if it was calibrated, tells strangers.</param>
        /// <param name="path">One file that keeps it; null: it is kept in memory only.</param>
        /// <param name="options">What can be set; null: the defaults.</param>
        /// <exception cref="ArgumentException">The model has no face embedding, or several.</exception>
        /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
        /// <exception cref="FaceGalleryException">The file cannot be opened, is in use, damaged, encrypted under another key, or keeps vectors of another model.</exception>
        public FaceGallery CreateGallery(ITransformer model, string? path = null, FaceGalleryOptions? options = null) =>
            faces.CreateGalleryFor(faces.GetGalleryModel(model), path, options);

        /// <summary>Opens a gallery for a model by its name, or makes one; also where the embeddings come from elsewhere than a model of this library.</summary>
        /// <param name="model">What tells the embeddings from others, their size, and their threshold.</param>
        /// <param name="path">One file that keeps it; null: it is kept in memory only.</param>
        /// <param name="options">What can be set; null: the defaults.</param>
        /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
        /// <exception cref="FaceGalleryException">The file cannot be opened, is in use, damaged, encrypted under another key, or keeps vectors of another model.</exception>
        public FaceGallery CreateGalleryFor(FaceGalleryModel model, string? path = null, FaceGalleryOptions? options = null)
        {
            ArgumentNullException.ThrowIfNull(faces);
            faces.Environment.CheckValue(model, nameof(model));
            faces.Environment.CheckParam(path is null || !string.IsNullOrWhiteSpace(path), nameof(path), "The path is empty. Name a file, or give null for a gallery in memory.");
            var log = new HostLogger(faces.Environment, nameof(FaceGallery));
            return path is null ? FaceGallery.CreateInMemory(model, options, log) : FaceGallery.Open(path, model, options, log);
        }

        /// <inheritdoc cref="FaceGallery.Read(string, byte[])"/>
        public GalleryContents ReadGallery(string path, byte[]? encryptionKey = null) => FaceGallery.Read(path, encryptionKey);

        /// <inheritdoc cref="FaceGallery.Backup"/>
        public void BackupGallery(string path, string outputPath, bool overwrite = false) => FaceGallery.Backup(path, outputPath, overwrite);

        /// <inheritdoc cref="FaceGallery.Recover"/>
        public RecoveredGallery RecoverGallery(string path, string outputPath, byte[]? encryptionKey = null) => FaceGallery.Recover(path, outputPath, encryptionKey);

        /// <summary>Gives what a gallery has to know of a model: fingerprint, size and threshold of its embedding. Such a gallery takes only embeddings that say which model made them.</summary>
        /// <param name="model">A model with one face embedding in it, such as a fitted pipeline.</param>
        /// <exception cref="ArgumentException">The model has no face embedding, or several.</exception>
        public FaceGalleryModel GetGalleryModel(ITransformer model)
        {
            ArgumentNullException.ThrowIfNull(faces);
            faces.Environment.CheckValue(model, nameof(model));
            FaceEmbeddingTransformer embedding = model.FaceEmbedding();
            return new FaceGalleryModel(embedding.Fingerprint, embedding.EmbeddingSize, embedding.Threshold) { AcceptsBareVectors = false };
        }

        /// <summary>Opens a gallery in a collection of a vector store, as <see cref="VectorStoreFaceGallery.OpenAsync"/>.</summary>
        /// <typeparam name="TKey">Guid or string, whichever the store takes.</typeparam>
        /// <param name="model">The model whose embeddings it keeps.</param>
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
            CancellationToken cancellationToken = default) where TKey : notnull => VectorStoreFaceGallery.OpenAsync(collection, model, options, cancellationToken);
    }

    /// <param name="gallery">The gallery.</param>
    extension(FaceGallery gallery)
    {
        /// <summary>Adds the photographs of a view of embeddings, all or none. Rows without a label or a usable embedding are left out with a warning.</summary>
        /// <param name="data">Embeddings with the person they show, as the gallery's model makes them of <c>LoadFromFolder</c>.</param>
        /// <param name="labelColumnName">The column that says who it is: text or a key.</param>
        /// <param name="embeddingColumnName">The column of embeddings.</param>
        /// <param name="sourceColumnName">The text column that says where a photograph comes from; null: none.</param>
        /// <param name="replaceSameSource">Whether a person's older photographs of the same source give way to a new one. Default false: both stay.</param>
        /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another kind.</exception>
        /// <exception cref="ArgumentException">The embeddings have another size than the gallery's, or do not say which model made them where that has to be said.</exception>
        /// <exception cref="FaceGalleryException">Another model made the embeddings, or the file cannot be written; nothing was added.</exception>
        public EnrollmentSummary EnrollFrom(IDataView data, string labelColumnName = "Label", string embeddingColumnName = "Embedding", string? sourceColumnName = null, bool replaceSameSource = false)
        {
            ArgumentNullException.ThrowIfNull(gallery);
            EmbeddingView view = EmbeddingView.Read(gallery.Model, data, labelColumnName, embeddingColumnName, sourceColumnName);
            return view.Summarize(gallery.Enroll(view.Faces, replaceSameSource), gallery.Log);
        }

        /// <summary>Enrolls a view by the older spelling; new programs call EnrollFrom.</summary>
        /// <param name="data">Embeddings with the person they show.</param>
        /// <param name="labelColumnName">The column that says who it is.</param>
        /// <param name="embeddingColumnName">The column of embeddings.</param>
        /// <param name="sourceColumnName">The text column that says where a photograph comes from.</param>
        [EditorBrowsable(EditorBrowsableState.Never)]
        public EnrolmentSummary EnrolFrom(IDataView data, string labelColumnName = "Label", string embeddingColumnName = "Embedding", string? sourceColumnName = null)
        {
            EnrollmentSummary summary = gallery.EnrollFrom(data, labelColumnName, embeddingColumnName, sourceColumnName);
            return new EnrolmentSummary(summary.PersonCount, summary.PhotographCount, summary.UnusableCount);
        }
    }

    /// <param name="gallery">A gallery, wherever it is kept.</param>
    extension(IFaceGallery gallery)
    {
        /// <summary>Adds the photographs of a view of embeddings, all or none. Rows without a label or a usable embedding are left out; the summary counts them, and a <see cref="FaceGallery"/> warns of them.</summary>
        /// <param name="data">Embeddings with the person they show, as the gallery's model makes them of <c>LoadFromFolder</c>.</param>
        /// <param name="labelColumnName">The column that says who it is: text or a key.</param>
        /// <param name="embeddingColumnName">The column of embeddings.</param>
        /// <param name="sourceColumnName">The text column that says where a photograph comes from; null: none.</param>
        /// <param name="replaceSameSource">Whether a person's older photographs of the same source give way to a new one. Default false: both stay.</param>
        /// <param name="cancellationToken">Stops before anything is written.</param>
        /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another kind.</exception>
        /// <exception cref="ArgumentException">The embeddings have another size than the gallery's, or do not say which model made them where that has to be said.</exception>
        /// <exception cref="FaceGalleryException">Another model made the embeddings, or the gallery cannot be written; nothing was added.</exception>
        public async Task<EnrollmentSummary> EnrollFromAsync(
            IDataView data, string labelColumnName = "Label", string embeddingColumnName = "Embedding", string? sourceColumnName = null, bool replaceSameSource = false,
            CancellationToken cancellationToken = default)
        {
            ArgumentNullException.ThrowIfNull(gallery);
            EmbeddingView view = await Task.Run(() => EmbeddingView.Read(gallery.Model, data, labelColumnName, embeddingColumnName, sourceColumnName), cancellationToken).ConfigureAwait(false);
            return view.Summarize(await gallery.EnrollAsync(view.Faces, replaceSameSource, cancellationToken).ConfigureAwait(false), (gallery as FaceGallery)?.Log);
        }
    }
}
