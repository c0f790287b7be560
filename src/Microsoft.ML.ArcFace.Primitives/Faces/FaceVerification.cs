using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>Whether two photographs show the same person.</summary>
/// <param name="IsSamePerson">Whether the score is over the threshold.</param>
/// <param name="Score">The cosine of the two embeddings, −1 to 1.</param>
/// <param name="Threshold">The cosine that the score was held against.</param>
public sealed record FaceVerification(bool IsSamePerson, double Score, double Threshold)
{
    /// <summary>How far the score lies over the threshold; below 0: how far under it.</summary>
    public double Margin => Score - Threshold;

    /// <summary>Faces on the first photograph, of which the main one counts; null: the model has no detector.</summary>
    public int? FirstFaceCount { get; init; }

    /// <summary>Faces on the second photograph, of which the main one counts; null: the model has no detector.</summary>
    public int? SecondFaceCount { get; init; }

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceVerification), PrintMembers);
}
