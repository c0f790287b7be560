namespace Microsoft.ML.ArcFace;

/// <summary>Gives the embedding of a picture, or of a template, with its name and whom it shows.</summary>
/// <param name="Image">Names the picture as pairs do, such as by its path; each name once.</param>
/// <param name="Person">Names whom it shows.</param>
/// <param name="Vector">The embedding, of any length other than zero.</param>
public sealed record LabeledEmbedding(string Image, string Person, float[] Vector);
