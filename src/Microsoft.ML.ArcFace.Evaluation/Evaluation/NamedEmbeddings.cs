namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Holds the embeddings of pictures by name, as a program gives them.</summary>
internal sealed class NamedEmbeddings
{
    private readonly Dictionary<string, float[]> _vectors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _people = new(StringComparer.Ordinal);

    private NamedEmbeddings()
    {
    }

    /// <summary>The embedding of each picture.</summary>
    public IReadOnlyDictionary<string, float[]> Vectors => _vectors;

    /// <summary>Takes a list of faces.</summary>
    /// <exception cref="ArgumentException">A face has no name or no direction, or one name has two embeddings or people.</exception>
    public static NamedEmbeddings Of(IEnumerable<LabeledEmbedding> faces)
    {
        ArgumentNullException.ThrowIfNull(faces);
        var named = new NamedEmbeddings();
        foreach ((LabeledEmbedding face, int index) in faces.Select((face, index) => (face, index)))
        {
            Check(face, index, nameof(faces));
            if (string.IsNullOrEmpty(face.Image))
            {
                throw new ArgumentException($"Face {index} (from 0) has no name; pairs name pictures by it.", nameof(faces));
            }

            if (!named._vectors.TryAdd(face.Image, face.Vector) && (!named._vectors[face.Image].AsSpan().SequenceEqual(face.Vector) || named._people[face.Image] != face.Person))
            {
                throw new ArgumentException($"'{face.Image}' occurs twice, with different embeddings or people; the pairs need one picture for each name.", nameof(faces));
            }

            named._people[face.Image] = face.Person;
        }

        return named;
    }

    /// <summary>Gives the people and vectors of faces whose names do not matter.</summary>
    /// <exception cref="ArgumentException">A face has no person or no direction.</exception>
    public static (string Person, float[] Embedding)[] RowsOf(IEnumerable<LabeledEmbedding> faces)
    {
        ArgumentNullException.ThrowIfNull(faces);
        return
        [
            .. faces.Select((face, index) =>
            {
                Check(face, index, nameof(faces));
                return face.Person.Length > 0 ? (face.Person, face.Vector) : throw new ArgumentException($"Face {index} (from 0) has no person. Say who it is, or leave it out.", nameof(faces));
            }),
        ];
    }

    /// <summary>Compares the pictures of pairs.</summary>
    /// <exception cref="InvalidOperationException">A picture of a pair is absent.</exception>
    public ComparedPairs Compare(IEnumerable<FacePair> pairs) => ComparedPairs.Of(Find(pairs, out _), _vectors);

    /// <summary>Makes pairs use the names that are there, and gives the person of each picture that they name.</summary>
    /// <exception cref="InvalidOperationException">A picture of a pair is absent.</exception>
    public IReadOnlyList<FacePair> Find(IEnumerable<FacePair> pairs, out IReadOnlyDictionary<string, string> people)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        IReadOnlyList<FacePair> all = pairs as IReadOnlyList<FacePair> ?? [.. pairs];
        HashSet<string> wanted = PairedPictures.Wanted(all);
        IReadOnlyList<FacePair> found = PairedPictures.Find(_vectors.Keys, all, wanted, "the list of faces", out _);

        // In the order of the faces, on which the resamples of a threshold depend.
        people = _people.Where(face => wanted.Contains(face.Key)).ToDictionary(StringComparer.Ordinal);
        return found;
    }

    private static void Check(LabeledEmbedding face, int index, string parameter)
    {
        if (face is not { Person: not null, Vector: not null })
        {
            throw new ArgumentException($"Face {index} (from 0), its person or its embedding is null.", parameter);
        }

        if (!UnitVectors.HasDirection(face.Vector))
        {
            throw new ArgumentException($"The embedding of face {index} (from 0), '{Names.ShownName.Of(face.Image ?? "")}', is zero or not a number, so it has no direction. Leave the face out.", parameter);
        }
    }
}
