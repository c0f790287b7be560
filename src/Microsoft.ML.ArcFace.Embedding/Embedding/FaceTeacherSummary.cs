using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>Tells which model another one learned from, as its file keeps it.</summary>
/// <param name="Name">The name of its file, or of its network.</param>
/// <param name="Fingerprint">What tells its embedding from others (<see cref="FaceEmbeddingTransformer.Fingerprint"/>).</param>
/// <param name="Weight">The weight of the cosine to it beside the loss of the labels.</param>
public sealed record FaceTeacherSummary(string Name, string Fingerprint, double Weight)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceTeacherSummary), PrintMembers);
}
