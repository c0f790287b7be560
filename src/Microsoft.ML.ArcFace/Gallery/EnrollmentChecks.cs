using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Checks of what is to be enrolled, before anything is written.</summary>
internal static class EnrollmentChecks
{
    /// <summary>The unit vector of an embedding that can be kept or searched.</summary>
    /// <exception cref="ArgumentException">It has another size, or no direction.</exception>
    public static float[] UnitVector(float[] embedding, FaceGalleryModel model, string what, string parameterName)
    {
        ArgumentNullException.ThrowIfNull(embedding, parameterName);
        if (embedding.Length != model.EmbeddingSize)
        {
            throw new ArgumentException($"{what} has {embedding.Length} numbers; those of the gallery's model have {model.EmbeddingSize}. Embed the photograph with the gallery's model.", parameterName);
        }

        return UnitVectors.HasDirection(embedding)
            ? UnitVectors.Normalized(embedding)
            : throw new ArgumentException($"{what} is zero or not a number, as that of a photograph without a face or that cannot be read. Leave the photograph out.", parameterName);
    }

    /// <summary>The unit vector of a face that can be kept.</summary>
    /// <exception cref="ArgumentException">It has another size, or no direction.</exception>
    public static float[] UnitVector(FaceToEnroll face, FaceGalleryModel model, string parameterName) =>
        UnitVector(face.Embedding, model, $"The embedding of '{face.PersonId}'{(face.Source is null ? "" : $" ({face.Source})")}", parameterName);

    /// <summary>Puts faces under the ids that their people have: "José" is one person in whichever Unicode form it is written.</summary>
    /// <param name="faces">Photographs.</param>
    /// <param name="find">The id of somebody of the gallery in the form in which it is kept there; null: nobody has it.</param>
    public static FaceToEnroll[] UnderKnownIds(IReadOnlyCollection<FaceToEnroll> faces, Func<string, string?> find)
    {
        ArgumentNullException.ThrowIfNull(faces);
        return [.. faces.Select(face => face?.PersonId is { } id && (find(id) ?? UnicodeNames.Compose(id)) is var known && known != id ? face with { PersonId = known } : face!)];
    }

    /// <summary>The name of each person in question: as they are called already, or as given; null: neither.</summary>
    /// <param name="faces">Photographs.</param>
    /// <param name="nameOf">What somebody of the gallery is called; null: nobody has that id.</param>
    /// <exception cref="ArgumentException">A face has no person, or a person two names.</exception>
    public static Dictionary<string, string?> GivenNames(IReadOnlyCollection<FaceToEnroll> faces, Func<string, string?> nameOf)
    {
        ArgumentNullException.ThrowIfNull(faces);
        var names = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (FaceToEnroll face in faces)
        {
            ArgumentNullException.ThrowIfNull(face, nameof(faces));
            CheckText(face.PersonId, nameof(FaceToEnroll.PersonId), nameof(faces));
            if (face.Name is not null)
            {
                CheckText(face.Name, nameof(FaceToEnroll.Name), nameof(faces));
            }

            if (face.Source is not null)
            {
                CheckWellFormed(face.Source, nameof(FaceToEnroll.Source), nameof(faces));
            }

            string? known = names.TryGetValue(face.PersonId, out string? name) ? name : nameOf(face.PersonId);
            if (known is not null)
            {
                CheckName(face.PersonId, known, face.Name, nameof(faces));
            }

            names[face.PersonId] = known ?? face.Name;
        }

        return names;
    }

    /// <exception cref="ArgumentException">A photograph comes with another name than its person has.</exception>
    public static void CheckName(string personId, string known, string? given, string parameterName)
    {
        if (given is not null && given != known)
        {
            throw new ArgumentException(
                $"The person '{personId}' is called '{known}', and a photograph comes with the name '{given}'. Give two people two ids; for a new name of the same person call Rename first.", parameterName);
        }
    }

    /// <exception cref="ArgumentException">The text is null, or has no character besides white space, or is no well-formed Unicode.</exception>
    public static void CheckText(string text, string what, string parameterName)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new ArgumentException($"{what} is {(text is null ? "null" : $"'{text}'")}; it must have a character that is no white space.", parameterName);
        }

        CheckWellFormed(text, what, parameterName);
    }

    private static void CheckWellFormed(string text, string what, string parameterName)
    {
        if (UnicodeNames.IllFormedAt(text) is { } place)
        {
            throw new ArgumentException(
                $"{what} '{ShownName.Of(text)}' has half a surrogate pair (U+{(int)text[place]:X4}) at {place}, which no file can keep. Give it as well-formed Unicode.", parameterName);
        }
    }
}
