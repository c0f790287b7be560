namespace Microsoft.ML.ArcFace;

/// <summary>Lists what is in a gallery's file; the model that it is for is not needed to read it.</summary>
/// <param name="Fingerprint">The model whose embeddings it keeps (<see cref="FaceEmbedding.Fingerprint"/>).</param>
/// <param name="EmbeddingSize">Numbers in an embedding.</param>
/// <param name="IsEncrypted">Whether the file is encrypted.</param>
/// <param name="People">Everybody in it, in the order of enrollment.</param>
public sealed record GalleryContents(string Fingerprint, int EmbeddingSize, bool IsEncrypted, IReadOnlyList<GalleryPerson> People);
