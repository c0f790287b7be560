using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Progress;

namespace Microsoft.ML.ArcFace.Grouping;

/// <summary>Sorts faces into people: checks them, finds those that are alike, joins them, and describes the groups.</summary>
internal static class PersonGrouping
{
    /// <summary>More would take days, and more than the list of their vectors in memory.</summary>
    private const int MostFaces = 1_000_000;

    /// <summary>The share of the joined pairs that may show different people, unless another one is asked for.</summary>
    public const double UsualFalseShare = 0.02;

    /// <summary>Sorts by the lowest cosine at which no more than a share of the pairs over it is expected to show different people.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The share is outside of its range.</exception>
    /// <exception cref="ArgumentException">A face has no name or no vector, vectors differ in length, or there are too many.</exception>
    /// <exception cref="InvalidOperationException">There are no faces.</exception>
    public static PersonGroups Group(IReadOnlyList<FaceToGroup> faces, VerificationThreshold threshold, double falseShare, WorkObserver observer)
    {
        if (!(falseShare > 0 && falseShare < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(falseShare), falseShare, FormattableString.Invariant($"{nameof(falseShare)} is {falseShare}; it must lie over 0 and below 1, for example {UsualFalseShare}: that share of the pairs that are joined may show different people."));
        }

        // Below this cosine the calibration tells no rate.
        double least = threshold.ForGallerySize(1).Cosine;
        return Group(faces, least, (alike, count) => alike.Cosine(threshold, count * (count - 1L) / 2, falseShare), NeighborGraph.MostPairs, observer);
    }

    /// <summary>Sorts by a cosine.</summary>
    /// <inheritdoc cref="Group(IReadOnlyList{FaceToGroup}, VerificationThreshold, double, WorkObserver)" path="/exception"/>
    public static PersonGroups Group(IReadOnlyList<FaceToGroup> faces, double cosine, WorkObserver observer, int mostPairs = NeighborGraph.MostPairs) =>
        Group(faces, cosine, (_, _) => cosine, mostPairs, observer);

    private static PersonGroups Group(IReadOnlyList<FaceToGroup> faces, double least, Func<AlikePairs, int, double> cosineOf, int mostPairs, WorkObserver observer)
    {
        Check(faces);
        int[] usable = [.. Enumerable.Range(0, faces.Count).Where(face => UnitVectors.HasDirection(faces[face].Vector))];
        float[][] vectors = [.. usable.Select(face => UnitVectors.Normalized(faces[face].Vector))];
        var alike = new AlikePairs();
        int[][] neighbors = NeighborGraph.Find(vectors, least, mostPairs, alike, observer);
        var rule = new LinkageRule(cosineOf(alike, usable.Length));
        int[] groups = Agglomeration.Group(vectors, SharedPhotographs([.. usable.Select(face => faces[face].Photograph)]), neighbors, rule, observer);
        return Describe(faces, usable, vectors, groups, rule.Cosine);
    }

    private static void Check(IReadOnlyList<FaceToGroup> faces)
    {
        if (faces.Count == 0)
        {
            throw new InvalidOperationException("There are no faces, so that there is nothing to sort. Give their embeddings.");
        }

        if (faces.Count > MostFaces)
        {
            throw new ArgumentException(FormattableString.Invariant($"There are {faces.Count} faces; at most {MostFaces} are sorted at once. Enroll the people whom you know in a gallery first, and sort the rest in parts."), nameof(faces));
        }

        int? size = null;
        for (int face = 0; face < faces.Count; face++)
        {
            if (faces[face] is not { Photograph.Length: > 0, Vector: { } vector })
            {
                throw new ArgumentException($"Face {face} (from 0), its photograph's name or its embedding is null or empty.", nameof(faces));
            }

            size ??= vector.Length;
            if (vector.Length != size)
            {
                throw new ArgumentException($"The embedding of face {face} (from 0), '{faces[face].Photograph}', has {vector.Length} numbers, that of the first {size}; give embeddings of one model.", nameof(faces));
            }
        }
    }

    /// <summary>Numbers the photographs with several faces; null for the faces of others.</summary>
    private static int[]?[] SharedPhotographs(string[] photographs)
    {
        Dictionary<string, int> counts = photographs.CountBy(photograph => photograph, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        Dictionary<string, int[]> numbers = counts.Where(photograph => photograph.Value > 1).Index().ToDictionary(entry => entry.Item.Key, entry => (int[])[entry.Index], StringComparer.Ordinal);
        return Array.ConvertAll(photographs, photograph => numbers.GetValueOrDefault(photograph));
    }

    private static PersonGroups Describe(IReadOnlyList<FaceToGroup> faces, int[] usable, float[][] vectors, int[] groups, double cosine)
    {
        PersonGroup[] described =
        [
            .. Enumerable.Range(0, usable.Length).GroupBy(face => groups[face]).Select(group => group.ToArray())
                .OrderByDescending(members => members.Length).ThenBy(members => members[0])
                .Select(members => new PersonGroup(Array.AsReadOnly(Members(members)))),
        ];
        int[] groupOfFace = new int[faces.Count];
        Array.Fill(groupOfFace, -1);
        for (int group = 0; group < described.Length; group++)
        {
            foreach (GroupedFace face in described[group].Faces)
            {
                groupOfFace[face.Index] = group;
            }
        }

        HashSet<string> withFace = [.. usable.Select(face => faces[face].Photograph)];
        string[] withoutFace = [.. faces.Select(face => face.Photograph).Where(photograph => !withFace.Contains(photograph)).Distinct(StringComparer.Ordinal)];
        return new PersonGroups(described, groupOfFace, withoutFace, cosine);

        GroupedFace[] Members(int[] members)
        {
            float[] sum = new float[vectors[members[0]].Length];
            Array.ForEach(members, face => TensorPrimitives.Add<float>(sum, vectors[face], sum));
            return
            [
                .. members.Select(face => new GroupedFace(usable[face], faces[usable[face]].Photograph, ToOthers(vectors[face], sum, members.Length)))
                    .OrderByDescending(face => face.Cosine).ThenBy(face => face.Index),
            ];
        }

        static double? ToOthers(float[] vector, float[] sum, int count) => count == 1 ? null
            : Math.Clamp(((double)TensorPrimitives.Dot<float>(vector, sum) - TensorPrimitives.Dot<float>(vector, vector)) / (count - 1), -1, 1);
    }
}
