using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Checks of what is to be enrolled, before anything is written.</summary>
internal static class EnrollmentChecks
{
    /// <summary>The unit vector of an embedding that can be kept or searched.</summary>
    /// <exception cref="ArgumentException">It has another size, or no direction, or does not say which model made it where that has to be said.</exception>
    /// <exception cref="FaceGalleryException">Another model made it.</exception>
    public static float[] UnitVector(FaceEmbedding embedding, FaceGalleryModel model, string what, string parameterName)
    {
        ArgumentNullException.ThrowIfNull(embedding, parameterName);
        ArgumentNullException.ThrowIfNull(embedding.Vector, parameterName);
        ModelCheck.ThrowIfOfAnother(what, embedding, model, parameterName);
        if (embedding.Vector.Length != model.EmbeddingSize)
        {
            throw new ArgumentException($"{what} has {embedding.Vector.Length} numbers; those of the gallery's model have {model.EmbeddingSize}. Embed the photograph with the gallery's model.", parameterName);
        }

        return UnitVectors.HasDirection(embedding.Vector)
            ? UnitVectors.Normalized(embedding.Vector)
            : throw new ArgumentException($"{what} is zero or not a number, as that of a photograph without a face or that cannot be read. Leave the photograph out.", parameterName);
    }

    /// <summary>The photographs as they will be kept.</summary>
    /// <param name="faces">Photographs under the ids that their people have.</param>
    /// <param name="names">What each person is called; null: not said.</param>
    /// <param name="model">The gallery's model.</param>
    /// <param name="now">The time of their enrollment.</param>
    /// <exception cref="ArgumentException">An embedding cannot be kept.</exception>
    /// <exception cref="FaceGalleryException">Another model made one.</exception>
    public static GalleryVector[] Vectors(IReadOnlyCollection<FaceToEnroll> faces, Dictionary<string, string?> names, FaceGalleryModel model, DateTimeOffset now) =>
    [
        .. faces.Select(face => new GalleryVector(
            face.PersonId, names[face.PersonId], new GalleryPhotograph(Guid.CreateVersion7(now).ToString("N"), face.Source, now),
            UnitVector(face.Embedding, model, $"The embedding of '{face.PersonId}'{(face.Source is null ? "" : $" ({face.Source})")}", nameof(faces)))),
    ];

    /// <summary>Checks what is to take the place of all photographs of a person.</summary>
    /// <exception cref="ArgumentException">There is none, or one is of somebody else.</exception>
    public static void CheckReplacement(string personId, IReadOnlyCollection<FaceToEnroll> faces)
    {
        ArgumentNullException.ThrowIfNull(personId);
        ArgumentNullException.ThrowIfNull(faces);
        if (faces.Count == 0)
        {
            throw new ArgumentException($"There is no photograph to put in the place of those of '{personId}'. Give one at least, or remove the person.", nameof(faces));
        }

        if (faces.Any(face => face?.PersonId is not { } id || !UnicodeNames.AreEqual(id, personId)))
        {
            throw new ArgumentException($"All photographs must be of the person '{personId}'.", nameof(faces));
        }
    }

    /// <summary>Tells that nobody has an id.</summary>
    public static ArgumentException NoSuchPerson(string personId) => new($"There is no person '{personId}' in the gallery. Enroll them.", nameof(personId));

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
