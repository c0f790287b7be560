namespace Microsoft.ML.ArcFace.Postgres;

/// <summary>Measures galleries by vectors that do not say which model made them, where <see cref="FaceGalleryModel.AcceptsBareVectors"/> says that the gallery takes them.</summary>
public static class BareProbeExtensions
{
    /// <param name="gallery">A gallery that was opened for a model that you named yourself.</param>
    extension(PostgresFaceGallery gallery)
    {
        /// <summary>Searches by the index and exactly, as <see cref="PostgresFaceGallery.MeasureRecallAsync"/>.</summary>
        /// <param name="probes">Vectors of faces as they come, one or more.</param>
        /// <param name="count">How many people each looks for, 1 or more.</param>
        /// <param name="cancellationToken">Stops it.</param>
        /// <exception cref="ArgumentException">There are no probes, or one has another size than the gallery's, or no direction; or the gallery takes no bare vectors.</exception>
        public Task<SearchRecall> MeasureRecallAsync(IReadOnlyCollection<float[]> probes, int count = 10, CancellationToken cancellationToken = default)
        {
            ArgumentNullException.ThrowIfNull(gallery);
            ArgumentNullException.ThrowIfNull(probes);
            return gallery.MeasureRecallAsync([.. probes.Select(probe => new FaceEmbedding(probe, Fingerprint: ""))], count, cancellationToken);
        }
    }
}
