namespace Microsoft.ML.ArcFace;

/// <summary>The model whose embeddings a gallery keeps: vectors of another one mean something else and are refused.</summary>
/// <param name="Fingerprint">What tells the embedding from others, as <see cref="FaceEmbeddingTransformer.Fingerprint"/>; not empty.</param>
/// <param name="EmbeddingSize">Numbers in an embedding, 1 or more.</param>
/// <param name="Threshold">The model's calibrated threshold; null: none, so that identifying takes a threshold of one's own.</param>
public sealed record FaceGalleryModel(string Fingerprint, int EmbeddingSize, VerificationThreshold? Threshold = null);
