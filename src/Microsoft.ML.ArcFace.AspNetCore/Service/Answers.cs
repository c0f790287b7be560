using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.ArcFace.Service;

/// <summary>Tells whether the service lives, or can answer.</summary>
/// <param name="Status">"live" or "ready".</param>
internal sealed record HealthAnswer(string Status);

/// <summary>Describes the model in service.</summary>
/// <param name="Fingerprint">Only embeddings of the same one can be compared.</param>
/// <param name="EmbeddingSize">Numbers of an embedding.</param>
/// <param name="VerificationCosine">The cosine over which two photographs show the same person; null: none was calibrated or set.</param>
/// <param name="TargetFalseMatchRate">How often a stranger may be taken for somebody, as it was calibrated; null: it was not.</param>
internal sealed record ModelAnswer(string Fingerprint, int EmbeddingSize, double? VerificationCosine, double? TargetFalseMatchRate);

/// <summary>Lists people in the order of their ids.</summary>
/// <param name="People">This page of them.</param>
/// <param name="Next">The address of the next page; null: this is the last.</param>
internal sealed record PeopleAnswer(IReadOnlyList<ListedPerson> People, string? Next);

/// <summary>Names somebody in a list.</summary>
internal sealed record ListedPerson(string Id, string Name, int Photographs);

/// <summary>Describes a person with their photographs.</summary>
internal sealed record PersonAnswer(string Id, string Name, IReadOnlyList<KeptPhotograph> Photographs)
{
    public static PersonAnswer Of(GalleryPerson person) => new(person.Id, person.Name, [.. person.Photographs.Select(photograph => new KeptPhotograph(photograph.Id, photograph.Source, photograph.EnrolledAt))]);
}

/// <summary>Describes a photograph of a person, of which the gallery keeps the embedding alone.</summary>
internal sealed record KeptPhotograph(string Id, string? Source, DateTimeOffset EnrolledAt);

/// <summary>Gives a person another name.</summary>
/// <param name="Name">The name from now on.</param>
internal sealed record RenameRequest(string? Name);

/// <summary>Tells what became of photographs that were sent to be enrolled: all are kept, or none.</summary>
internal sealed record EnrolledAnswer(string PersonId, IReadOnlyList<EnrolledPhotograph> Photographs);

/// <summary>Tells what became of one of them.</summary>
/// <param name="Id">The photograph in the gallery.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="EnrolledAt">When it was enrolled; long ago, if it was there already.</param>
/// <param name="Outcome">Enrolled, there already, or in the place of an older one of the same source.</param>
/// <param name="SameSource">Photographs of the person with the same source: kept beside a new one, gone where it took their place.</param>
/// <param name="Face">The face that was enrolled.</param>
internal sealed record EnrolledPhotograph(
    string Id, string? Source, DateTimeOffset EnrolledAt, [property: JsonConverter(typeof(EnrollmentOutcomeName))] EnrollmentOutcome Outcome, int SameSource, SeenFace Face);

/// <summary>Tells what is known of a face on a photograph.</summary>
/// <param name="Box">Where it is, in pixels of the upright photograph; null: the model has no detector.</param>
/// <param name="FaceCount">Faces on the photograph; null: the model has no detector.</param>
/// <param name="IsAligned">Whether the embedding read an aligned face; false: the photograph was cropped to its central square and resized.</param>
/// <param name="SeveralFaces">Whether the photograph shows another face of comparable size.</param>
/// <param name="Landmarks">x and y of left eye, right eye, nose, left and right corner of the mouth; null unless all faces were asked for.</param>
/// <param name="DetectionScore">How sure the detector is, 0 to 1; null unless all faces were asked for.</param>
internal sealed record SeenFace(FaceArea? Box, int? FaceCount, bool IsAligned, bool SeveralFaces, IReadOnlyList<float>? Landmarks, double? DetectionScore)
{
    public static SeenFace Of(EmbeddedFace face) => new(
        FaceArea.Of(face.Box ?? face.Embedding.Faces?[0]), face.Embedding.Faces?.Count, face.Embedding.IsAligned, face.Embedding.PassedOver is not null, face.Landmarks, face.DetectionScore);
}

/// <summary>Says where a face is on the upright photograph, in pixels from its upper left corner.</summary>
internal sealed record FaceArea(float X, float Y, float Width, float Height)
{
    public static FaceArea? Of(FaceBox? box) => box is null ? null : new(box.X, box.Y, box.Width, box.Height);
}

/// <summary>Gives embeddings.</summary>
internal sealed record EmbeddedAnswer(string Fingerprint, IReadOnlyList<FaceVector> Faces);

/// <summary>Lists the faces of a photograph, the main one first.</summary>
internal sealed record DetectedAnswer(IReadOnlyList<SeenFace> Faces);

/// <summary>Gives the embedding of a face: unit length, so that the dot product of two is their cosine.</summary>
internal sealed record FaceVector(float[] Embedding, SeenFace Face);

/// <summary>Tells whether two photographs show the same person.</summary>
internal sealed record VerifiedAnswer(bool IsSamePerson, double Score, double Threshold, int? FirstFaceCount, int? SecondFaceCount);

/// <summary>Tells who is on a photograph.</summary>
/// <param name="Threshold">The cosine that had to be exceeded; null: there is no face.</param>
/// <param name="Faces">Who each face is.</param>
internal sealed record IdentifiedAnswer(double? Threshold, IReadOnlyList<IdentifiedFace> Faces);

/// <summary>Tells who a face is: one candidate in a match, two where they are about as near, nobody if it is a stranger.</summary>
/// <param name="Outcome">Whether there is a match.</param>
/// <param name="Candidates">Who it may be.</param>
/// <param name="NearerFace">The place in the list, from 0, of a face of the photograph that is nearer to the candidate and keeps the name; null: there is none.</param>
/// <param name="Face">The face.</param>
internal sealed record IdentifiedFace(
    [property: JsonConverter(typeof(IdentificationOutcomeName))] IdentificationOutcome Outcome, IReadOnlyList<PossiblePerson> Candidates, int? NearerFace, SeenFace Face)
{
    public static IdentifiedFace Of(FaceIdentification found, EmbeddedFace face)
    {
        // Whom a stranger resembles most is nobody's business.
        FaceCandidate?[] candidates = found.Outcome switch
        {
            IdentificationOutcome.Match => [found.Nearest],
            IdentificationOutcome.Ambiguous when found.NearerFace is not null => [found.Nearest],
            IdentificationOutcome.Ambiguous => [found.Nearest, found.RunnerUp],
            _ => [],
        };
        return new(found.Outcome, [.. candidates.OfType<FaceCandidate>().Select(person => new PossiblePerson(person.PersonId, person.Name, person.Score))], found.NearerFace, SeenFace.Of(face));
    }
}

/// <summary>Names somebody it may be.</summary>
internal sealed record PossiblePerson(string Id, string Name, double Score);

/// <summary>Writes match, unknown or ambiguous.</summary>
internal sealed class IdentificationOutcomeName() : JsonStringEnumConverter<IdentificationOutcome>(JsonNamingPolicy.CamelCase);

/// <summary>Writes enrolled, alreadyThere or replaced.</summary>
internal sealed class EnrollmentOutcomeName() : JsonStringEnumConverter<EnrollmentOutcome>(JsonNamingPolicy.CamelCase);

/// <summary>Lists the bodies of requests and answers.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(DetectedAnswer))]
[JsonSerializable(typeof(EmbeddedAnswer))]
[JsonSerializable(typeof(EnrolledAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(IdentifiedAnswer))]
[JsonSerializable(typeof(ModelAnswer))]
[JsonSerializable(typeof(PeopleAnswer))]
[JsonSerializable(typeof(PersonAnswer))]
[JsonSerializable(typeof(RenameRequest))]
[JsonSerializable(typeof(ServiceProblem))]
[JsonSerializable(typeof(VerifiedAnswer))]
internal sealed partial class FaceServiceJson : JsonSerializerContext;
