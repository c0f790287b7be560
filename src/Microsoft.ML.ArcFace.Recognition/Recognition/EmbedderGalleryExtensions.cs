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
    }
}
