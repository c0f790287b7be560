using System.Globalization;

namespace Microsoft.ML.ArcFace;

/// <summary>Holds faces of nobody known, sorted into people.</summary>
public sealed class PersonGroups
{
    internal PersonGroups(PersonGroup[] groups, int[] groupOfFace, string[] withoutFace, double cosine)
    {
        Groups = Array.AsReadOnly(groups);
        GroupOfFace = Array.AsReadOnly(groupOfFace);
        WithoutFace = Array.AsReadOnly(withoutFace);
        Cosine = cosine;
    }

    /// <summary>The groups, each the faces of one person as far as the model can tell; the largest first, then by the first of their faces as they were given.</summary>
    public IReadOnlyList<PersonGroup> Groups { get; }

    /// <summary>For each face in the order in which they were given, which of <see cref="Groups"/> it is in, from 0; −1: it has no embedding.</summary>
    public IReadOnlyList<int> GroupOfFace { get; }

    /// <summary>The photographs without a face: all of their embeddings are zero or not a number. They are in no group.</summary>
    public IReadOnlyList<string> WithoutFace { get; }

    /// <summary>The threshold, −1 to 1: two single faces with a greater cosine are taken for one person.</summary>
    public double Cosine { get; }

    /// <summary>Faces in groups.</summary>
    public int FaceCount => GroupOfFace.Count(group => group >= 0);

    /// <summary>Groups of one face: people on one photograph, and faces that are too unlike the others of their person.</summary>
    public int SingleFaceCount => Groups.Count(group => group.Faces.Count == 1);

    /// <summary>One line: how many faces and groups there are.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{FaceCount} faces in {Groups.Count} groups, {SingleFaceCount} of them of one face; {WithoutFace.Count} photographs without a face; single faces are joined at a cosine over {Cosine:0.0000}");
}
