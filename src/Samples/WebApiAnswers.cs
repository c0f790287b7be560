using System.Text.Json.Serialization;

namespace Microsoft.ML.ArcFace.Samples;

/// <summary>Tells what became of a photograph that was sent to be enrolled.</summary>
/// <param name="PersonId">Who it is.</param>
/// <param name="PhotographId">The photograph in the gallery.</param>
/// <param name="EnrolledAt">When it was enrolled; long ago, if it was there already.</param>
/// <param name="Outcome">Enrolled, there already, or in the place of an older one of the same source.</param>
/// <param name="SameSource">Photographs of the person with the same source: kept beside a new one, gone where it took their place.</param>
internal sealed record EnrolledPhotograph(string PersonId, string PhotographId, DateTimeOffset EnrolledAt, EnrollmentOutcome Outcome, int SameSource)
{
    /// <summary>1 where the photograph was no aligned face and was cropped and resized, otherwise 0.</summary>
    public int NotAligned { get; init; }

    /// <summary>Faces on the photograph, of which the main one counts; null: the model has no detector.</summary>
    public int? Faces { get; init; }

    /// <summary>Tells whether another face of comparable size was passed over.</summary>
    public bool SeveralFaces { get; init; }
}

/// <summary>Somebody of the gallery in a list.</summary>
internal sealed record ListedPerson(string Id, string Name, int Photographs);

/// <summary>Somebody it may be.</summary>
internal sealed record PossiblePerson(string PersonId, string Name, double Score);

/// <summary>Who it is: one candidate in a match, two where they are about as near, nobody if it is a stranger.</summary>
internal sealed record IdentifiedFace(IdentificationOutcome Outcome, double Threshold, IReadOnlyList<PossiblePerson> Candidates)
{
    /// <summary>1 where the photograph was no aligned face and was cropped and resized, otherwise 0.</summary>
    public int NotAligned { get; init; }

    /// <summary>Faces on the photograph, of which the main one counts; null: the model has no detector.</summary>
    public int? Faces { get; init; }

    /// <summary>Tells whether another face of comparable size was passed over.</summary>
    public bool SeveralFaces { get; init; }
}

/// <summary>Lists the answers of the service.</summary>
[JsonSerializable(typeof(EnrolledPhotograph))]
[JsonSerializable(typeof(GalleryPerson))]
[JsonSerializable(typeof(IdentifiedFace))]
[JsonSerializable(typeof(ListedPerson[]))]
internal sealed partial class WebApiJson : JsonSerializerContext;
