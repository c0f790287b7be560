using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>Gives the embedding of a picture, and the template that it belongs to: a set of pictures of one person.</summary>
/// <param name="Template">The template's id.</param>
/// <param name="Vector">The embedding, of any length other than zero.</param>
public sealed record TemplatePicture(string Template, float[] Vector)
{
    /// <summary>Names the photograph or video that the picture is from, of which all pictures together count as one; null: the picture stands for itself.</summary>
    public string? Medium { get; init; }

    /// <summary>Names whom the picture shows, one person a template; empty: nobody asked.</summary>
    public string Person { get; init; } = "";

    /// <summary>Weighs the picture, 0 or more, such as by a detector's score.</summary>
    public double Quality { get; init; } = 1;

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(TemplatePicture), PrintMembers);
}
