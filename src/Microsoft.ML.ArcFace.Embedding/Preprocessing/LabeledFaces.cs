using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Preprocessing;

/// <summary>Holds the bytes of faces and who they are: as many of each person, of as many people, as are compared with each other.</summary>
/// <param name="Bytes">The faces, one behind the other.</param>
/// <param name="People">The person of each, from 0 on.</param>
internal sealed record LabeledFaces(byte[] Bytes, int[] People)
{
    /// <summary>Photographs that are compared; all pairs of them are.</summary>
    public const int Most = 400;

    /// <summary>Photographs of one person.</summary>
    private const int FewestOfPerson = 2, MostOfPerson = 6;

    public int Count => People.Length;

    public int PersonCount => People.Max() + 1;

    /// <summary>Reads faces.</summary>
    /// <exception cref="ArgumentException">There are fewer than two people with two photographs each.</exception>
    /// <exception cref="FaceImageException">A face has not the size of an aligned one, and that is required.</exception>
    public static LabeledFaces Read(IHostEnvironment host, IDataView faces, string imageColumnName, string labelColumnName, AlignmentCheck alignment)
    {
        DataViewSchema.Column image = FacePixelReader.Column(host, faces.Schema, imageColumnName);
        string[] names = Names(faces, NameColumn.Find(host, faces, labelColumnName));
        int[] rows = Choose(names);
        string[] people = [.. rows.Select(row => names[row]).Distinct(StringComparer.Ordinal)];
        byte[] bytes = new byte[rows.Length * FaceTensor.ByteCount];
        var labels = new List<int>();
        using DataViewRowCursor cursor = faces.GetRowCursor([image]);
        FacePixelReader.Getter getFace = FacePixelReader.Create(cursor, image, (face, name) => alignment.IsAligned(face, name));
        HashSet<int> wanted = [.. rows];
        for (int row = 0; labels.Count < rows.Length && cursor.MoveNext(); row++)
        {
            if (wanted.Contains(row) && getFace(bytes.AsSpan(labels.Count * FaceTensor.ByteCount, FaceTensor.ByteCount)))
            {
                labels.Add(Array.IndexOf(people, names[row]));
            }
        }

        int complete = labels.CountBy(person => person).Count(entry => entry.Value > 1);
        return complete >= 2
            ? new LabeledFaces(bytes[..(labels.Count * FaceTensor.ByteCount)], [.. labels.Select(Renumber(labels))])
            : throw new ArgumentException(
                $"To tell pixels apart takes people with two photographs or more each, at least 2 of them; here are {complete} such people among {labels.Count} faces. Twenty people with three photographs each are enough.", nameof(faces));
    }

    private static string[] Names(IDataView faces, DataViewSchema.Column column)
    {
        using DataViewRowCursor cursor = faces.GetRowCursor([column]);
        Func<string> getName = NameColumn.CreateGetter(cursor, column);
        var names = new List<string>();
        while (cursor.MoveNext())
        {
            names.Add(getName());
        }

        return [.. names];
    }

    /// <summary>Takes two to six photographs of each person who has two or more; of too many people, some from all over the list.</summary>
    internal static int[] Choose(string[] names)
    {
        IGrouping<string, int>[] byPerson = [.. Enumerable.Range(0, names.Length).GroupBy(row => names[row], StringComparer.Ordinal).Where(rows => rows.Key.Length > 0 && rows.Skip(1).Any())];
        int ofPerson = Math.Clamp(Most / Math.Max(1, byPerson.Length), FewestOfPerson, MostOfPerson), people = Math.Min(byPerson.Length, Most / ofPerson);
        return [.. Enumerable.Range(0, people).SelectMany(number => byPerson[(int)((long)number * byPerson.Length / people)].Take(ofPerson)).Order()];
    }

    private static Func<int, int> Renumber(List<int> labels)
    {
        int[] present = [.. labels.Distinct()];
        return label => Array.IndexOf(present, label);
    }
}
