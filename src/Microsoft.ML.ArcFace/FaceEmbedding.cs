namespace Microsoft.ML.ArcFace;

/// <summary>The embedding of a face, and of which model it is.</summary>
/// <param name="Vector">Unit length. Cosines of two of them, which are their dot products, tell how alike faces are.</param>
/// <param name="Fingerprint">The model's <see cref="FaceEmbeddingTransformer.Fingerprint"/>: only vectors of the same one can be compared.</param>
public sealed record FaceEmbedding(float[] Vector, string Fingerprint)
{
    /// <summary>Whether the photograph, or what a detector made of it, was an aligned face of 112×112 pixels; false: it was cropped to its central square and resized.</summary>
    public bool IsAligned { get; init; } = true;
}

/// <summary>Whether two photographs show the same person.</summary>
/// <param name="IsSamePerson">Whether the score is over the threshold.</param>
/// <param name="Score">The cosine of the two embeddings, −1 to 1.</param>
/// <param name="Threshold">The cosine that the score was held against.</param>
public sealed record FaceVerification(bool IsSamePerson, double Score, double Threshold)
{
    /// <summary>How far the score lies over the threshold; below 0: how far under it.</summary>
    public double Margin => Score - Threshold;
}
