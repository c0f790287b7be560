namespace Microsoft.ML.ArcFace;

/// <summary>Opens galleries for a model in service.</summary>
public static class EmbedderGalleryExtensions
{
    /// <param name="embedder">A model in service.</param>
    extension(FaceEmbedder embedder)
    {
        /// <summary>Gives what a gallery has to know of the model in service now. Such a gallery takes only embeddings that say which model made them, and refuses those of a file that took the model's place.</summary>
        /// <exception cref="ObjectDisposedException">The embedder was disposed.</exception>
        public FaceGalleryModel GetGalleryModel()
        {
            ArgumentNullException.ThrowIfNull(embedder);
            while (true)
            {
                // Its file may be replaced between one question and the next.
                string fingerprint = embedder.Fingerprint;
                var model = new FaceGalleryModel(fingerprint, embedder.EmbeddingSize, embedder.Threshold) { AcceptsBareVectors = false };
                if (embedder.Fingerprint == fingerprint)
                {
                    return model;
                }
            }
        }

        /// <summary>Tells who all faces of a photograph are; two of them are never the same person, as <see cref="FaceGallery.IdentifyAll"/> has it.</summary>
        /// <param name="photograph">A path, the bytes of an image file, or an image.</param>
        /// <param name="gallery">People, enrolled by the same model.</param>
        /// <returns>The faces with their answers, the main one first; none where the detector finds none.</returns>
        /// <inheritdoc cref="FaceEmbedder.EmbedAll" path="/exception"/>
        /// <exception cref="FaceGalleryException">The gallery keeps embeddings of another model.</exception>
        public IReadOnlyList<RecognizedFace> IdentifyAll(FacePhotograph photograph, FaceGallery gallery)
        {
            ArgumentNullException.ThrowIfNull(embedder);
            ArgumentNullException.ThrowIfNull(gallery);
            IReadOnlyList<EmbeddedFace> faces = embedder.EmbedAll(photograph);
            return Join(faces, gallery.IdentifyAll([.. faces.Select(face => face.Embedding)]));
        }

        /// <summary>Tells who all faces of a photograph are, in forward passes with the faces of other callers.</summary>
        /// <param name="photograph">A path, the bytes of an image file, or an image.</param>
        /// <param name="gallery">People, enrolled by the same model.</param>
        /// <param name="cancellationToken">Ends the waiting.</param>
        /// <returns>The faces with their answers, the main one first; none where the detector finds none.</returns>
        /// <inheritdoc cref="FaceEmbedder.EmbedAllAsync" path="/exception"/>
        /// <exception cref="FaceGalleryException">The gallery keeps embeddings of another model.</exception>
        public async Task<IReadOnlyList<RecognizedFace>> IdentifyAllAsync(FacePhotograph photograph, IFaceGallery gallery, CancellationToken cancellationToken = default)
        {
            ArgumentNullException.ThrowIfNull(embedder);
            ArgumentNullException.ThrowIfNull(gallery);
            IReadOnlyList<EmbeddedFace> faces = await embedder.EmbedAllAsync(photograph, cancellationToken).ConfigureAwait(false);
            return Join(faces, await gallery.IdentifyAllAsync([.. faces.Select(face => face.Embedding)], cancellationToken).ConfigureAwait(false));
        }
    }

    private static RecognizedFace[] Join(IReadOnlyList<EmbeddedFace> faces, IReadOnlyList<FaceIdentification> identifications) =>
        [.. faces.Zip(identifications, (face, identification) => new RecognizedFace(face, identification))];
}
