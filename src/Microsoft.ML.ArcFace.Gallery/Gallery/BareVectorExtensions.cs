using Microsoft.ML.ArcFace.Gallery;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Brings vectors to galleries that do not say which model made them, as embeddings from elsewhere, where
/// <see cref="FaceGalleryModel.AcceptsBareVectors"/> says that the gallery takes them.
/// </summary>
public static class BareVectorExtensions
{
    /// <param name="gallery">A gallery that was opened for a model that you named yourself.</param>
    extension(FaceGallery gallery)
    {
        /// <summary>Adds a photograph by a vector from elsewhere; otherwise as <see cref="FaceGallery.Enroll(string, FaceEmbedding, string?, string?, bool)"/>.</summary>
        /// <param name="personId">Who it is.</param>
        /// <param name="vector">The face's embedding, of any length but zero, by the model that was named when the gallery was opened.</param>
        /// <param name="name">What to call the person; null: as they are called already, or by their id if they are new.</param>
        /// <param name="source">Where the photograph comes from, such as a file's path; null: not said.</param>
        /// <param name="replaceSameSource">Whether the person's older photographs of the same source give way to it. Default false: both stay.</param>
        /// <exception cref="ArgumentException">The face cannot be kept, or the gallery takes no bare vectors.</exception>
        /// <exception cref="FaceGalleryException">The file cannot be written; nothing was added.</exception>
        public FaceEnrollment Enroll(string personId, float[] vector, string? name = null, string? source = null, bool replaceSameSource = false)
        {
            ArgumentNullException.ThrowIfNull(gallery);
            return gallery.Enroll(personId, Bare(vector), name, source, replaceSameSource);
        }

        /// <summary>Finds the people who are nearest to a vector from elsewhere, best first, however far they are.</summary>
        /// <param name="vector">The face's embedding, of any length but zero, by the model that was named when the gallery was opened.</param>
        /// <param name="count">How many people, 1 or more.</param>
        /// <exception cref="ArgumentException">The vector has another size than the gallery's, or no direction; or the gallery takes no bare vectors.</exception>
        /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
        public IReadOnlyList<FaceCandidate> Search(float[] vector, int count = 5)
        {
            ArgumentNullException.ThrowIfNull(gallery);
            return gallery.Search(Bare(vector), count);
        }

        /// <summary>Says who a vector from elsewhere is: a person of the gallery, nobody of it, or one of two who are about as near.</summary>
        /// <param name="vector">The face's embedding, of any length but zero, by the model that was named when the gallery was opened.</param>
        /// <exception cref="ArgumentException">The vector has another size than the gallery's, or no direction; or the gallery takes no bare vectors.</exception>
        /// <exception cref="InvalidOperationException">The model has no threshold, and none is set.</exception>
        /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
        public FaceIdentification Identify(float[] vector)
        {
            ArgumentNullException.ThrowIfNull(gallery);
            return gallery.Identify(Bare(vector));
        }
    }

    /// <param name="gallery">A gallery that was opened for a model that you named yourself.</param>
    extension(IFaceGallery gallery)
    {
        /// <summary>Finds the people who are nearest to a vector, best first, however far they are.</summary>
        /// <param name="vector">The face's embedding, of any length but zero.</param>
        /// <param name="count">How many people, 1 or more.</param>
        /// <param name="cancellationToken">Stops waiting for it.</param>
        /// <exception cref="ArgumentException">The vector has another size than the gallery's, or no direction; or the gallery takes no bare vectors.</exception>
        public Task<IReadOnlyList<FaceCandidate>> SearchAsync(float[] vector, int count = 5, CancellationToken cancellationToken = default)
        {
            ArgumentNullException.ThrowIfNull(gallery);
            return gallery.SearchAsync(Bare(vector), count, cancellationToken);
        }

        /// <summary>Says who a vector is: a person of the gallery, nobody of it, or one of two who are about as near.</summary>
        /// <param name="vector">The face's embedding, of any length but zero.</param>
        /// <param name="cancellationToken">Stops waiting for it.</param>
        /// <exception cref="ArgumentException">The vector has another size than the gallery's, or no direction; or the gallery takes no bare vectors.</exception>
        /// <exception cref="InvalidOperationException">There is no threshold: the model has none, and none was set.</exception>
        public Task<FaceIdentification> IdentifyAsync(float[] vector, CancellationToken cancellationToken = default)
        {
            ArgumentNullException.ThrowIfNull(gallery);
            return gallery.IdentifyAsync(Bare(vector), cancellationToken);
        }
    }

    private static FaceEmbedding Bare(float[] vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        return new FaceEmbedding(vector, ModelCheck.Unsaid);
    }
}
