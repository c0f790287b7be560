namespace Microsoft.ML.ArcFace;

/// <summary>Holds the faces that were taken for one person's.</summary>
/// <param name="Faces">The faces, the most typical first: the greatest mean cosine to the others; by their index where these are equal.</param>
public sealed record PersonGroup(IReadOnlyList<GroupedFace> Faces);
