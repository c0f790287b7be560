using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Gallery;

namespace Microsoft.ML.ArcFace;

/// <summary>A photograph of a person for a gallery.</summary>
/// <param name="PersonId">Who it is: a name, or a number of your own records. Text of 1 character or more, compared exactly.</param>
/// <param name="Embedding">The face's embedding by the gallery's model, of any length but zero; it is kept in unit length.</param>
public record FaceToEnroll(string PersonId, FaceEmbedding Embedding)
{
    /// <summary>Makes a photograph of a vector from elsewhere, for a gallery whose <see cref="FaceGalleryModel.AcceptsBareVectors"/> is true.</summary>
    /// <param name="personId">Who it is.</param>
    /// <param name="vector">The face's embedding, of any length but zero.</param>
    public FaceToEnroll(string personId, float[] vector)
        : this(personId, new FaceEmbedding(vector, ModelCheck.Unsaid))
    {
    }

    /// <summary>What to call the person; null: as they are called already, or by their id if they are new.</summary>
    public string? Name { get; init; }

    /// <summary>Where the photograph comes from, such as a file's path; null: not said.</summary>
    public string? Source { get; init; }
}

/// <summary>A person of a gallery as they were when asked for.</summary>
/// <param name="Id">Who it is, as it was enrolled.</param>
/// <param name="Name">What they are called.</param>
/// <param name="Photographs">Their photographs, the oldest first.</param>
public sealed record GalleryPerson(string Id, string Name, IReadOnlyList<GalleryPhotograph> Photographs);

/// <summary>A photograph in a gallery: what is known of it besides its vector.</summary>
/// <param name="Id">Names it in this gallery.</param>
/// <param name="Source">Where it comes from, if that was said.</param>
/// <param name="EnrolledAt">When it was enrolled, in universal time.</param>
public sealed record GalleryPhotograph(string Id, string? Source, DateTimeOffset EnrolledAt)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(GalleryPhotograph), PrintMembers);
}
