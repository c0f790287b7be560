using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>Describes a face within the group of a person.</summary>
/// <param name="Index">Which of the faces it is, in the order in which they were given, from 0.</param>
/// <param name="Photograph">The photograph that it is on.</param>
/// <param name="Cosine">The mean cosine to the other faces of the group, −1 to 1; null: it is alone. Where it is low beside those of the others, look whether it belongs there.</param>
public sealed record GroupedFace(int Index, string Photograph, double? Cosine)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(GroupedFace), PrintMembers);
}
