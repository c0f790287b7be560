namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Decides about all faces of one photograph together: nobody is on it twice.</summary>
internal static class PhotographIdentification
{
    /// <summary>
    /// Of several faces that match one person, the one with the highest score stays a match; of equal ones the first. The others
    /// become ambiguous, and tell which face is nearer.
    /// </summary>
    /// <param name="faces">What each face of the photograph is by itself.</param>
    /// <returns>The answers, in the same order.</returns>
    public static IReadOnlyList<FaceIdentification> Resolve(IReadOnlyList<FaceIdentification> faces)
    {
        var nearest = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((int face, FaceIdentification identification) in faces.Index())
        {
            if (identification.Person is { } person && (!nearest.TryGetValue(person.PersonId, out int other) || person.Score > faces[other].Nearest!.Score))
            {
                nearest[person.PersonId] = face;
            }
        }

        return
        [
            .. faces.Select((identification, face) => identification.Person is { } person && nearest[person.PersonId] != face
                ? identification with { Outcome = IdentificationOutcome.Ambiguous, NearerFace = nearest[person.PersonId] }
                : identification),
        ];
    }
}
