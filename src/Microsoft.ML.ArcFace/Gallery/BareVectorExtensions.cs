using Microsoft.ML.ArcFace.Gallery;

namespace Microsoft.ML.ArcFace;

/// <summary>Searches galleries by vectors from elsewhere, where <see cref="FaceGalleryModel.AcceptsBareVectors"/> says that they may be.</summary>
public static class BareVectorExtensions
{
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
            ArgumentNullException.ThrowIfNull(vector);
            return gallery.SearchAsync(new FaceEmbedding(vector, ModelCheck.Unsaid), count, cancellationToken);
        }

        /// <summary>Says who a vector is: a person of the gallery, nobody of it, or one of two who are about as near.</summary>
        /// <param name="vector">The face's embedding, of any length but zero.</param>
        /// <param name="cancellationToken">Stops waiting for it.</param>
        /// <exception cref="ArgumentException">The vector has another size than the gallery's, or no direction; or the gallery takes no bare vectors.</exception>
        /// <exception cref="InvalidOperationException">There is no threshold: the model has none, and none was set.</exception>
        public Task<FaceIdentification> IdentifyAsync(float[] vector, CancellationToken cancellationToken = default)
        {
            ArgumentNullException.ThrowIfNull(gallery);
            ArgumentNullException.ThrowIfNull(vector);
            return gallery.IdentifyAsync(new FaceEmbedding(vector, ModelCheck.Unsaid), cancellationToken);
        }
    }
}
