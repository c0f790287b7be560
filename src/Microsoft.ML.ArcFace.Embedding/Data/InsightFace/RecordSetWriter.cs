using System.Globalization;
using System.Text;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Data.InsightFace;

/// <summary>
/// Writes photographs as InsightFace's training sets: record 0 with the ranges of keys, the images person by person,
/// then a record for each person with the range of its images; beside it .idx, property, and the people's names.
/// </summary>
internal static class RecordSetWriter
{
    public const string PropertyName = "property", IdentitiesName = "identities.txt";

    /// <exception cref="InvalidOperationException">There are no photographs, or they are not of one size.</exception>
    /// <exception cref="FaceImageException">A photograph cannot be read.</exception>
    public static void Write(IReadOnlyList<(string Path, string Label)> photographs, string path, WorkObserver observer)
    {
        (string Name, string[] Photographs)[] people = [.. photographs.GroupBy(photograph => photograph.Label)
            .OrderBy(person => person.Key, StringComparer.Ordinal)
            .Select(person => (person.Key, person.Select(photograph => photograph.Path).ToArray()))];
        if (people.Length == 0)
        {
            throw new InvalidOperationException("There are no photographs to write.");
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        using var records = new WholeFile(path);
        using var index = new WholeFile(Path.ChangeExtension(path, ".idx"));
        using var property = new WholeFile(Path.Combine(folder, PropertyName));
        using var identities = new WholeFile(Path.Combine(folder, IdentitiesName));
        (int width, int height) = WriteRecords(new RecordWriter(records.Stream, index.Stream), people, observer);
        WriteText(property, string.Create(CultureInfo.InvariantCulture, $"{people.Length},{height},{width}\n"));
        WriteText(identities, string.Concat(people.Select(person => ShownName.Of(person.Name) + Environment.NewLine)));

        // An old set's files must not stand beside a new one's.
        WholeFile.CompleteTogether(records, index, property, identities);
    }

    private static void WriteText(WholeFile file, string text) => file.Stream.Write(Encoding.UTF8.GetBytes(text));

    private static (int Width, int Height) WriteRecords(RecordWriter writer, (string Name, string[] Photographs)[] people, WorkObserver observer)
    {
        long firstPerson = 1 + people.Sum(person => (long)person.Photographs.Length);
        writer.Write(0, [firstPerson, firstPerson + people.Length], 0, []);
        (int Width, int Height)? size = null;
        long key = 1;
        using WorkMeter meter = observer.Begin("photographs packed", firstPerson - 1);
        for (int person = 0; person < people.Length; person++)
        {
            foreach (string photograph in people[person].Photographs)
            {
                byte[] bytes = FaceImage.ReadFile(photograph);
                using MLImage image = FaceImage.FromBytes(bytes, $"'{photograph}'");
                size ??= (image.Width, image.Height);
                if (size != (image.Width, image.Height))
                {
                    throw new InvalidOperationException(
                        $"'{photograph}' is {image.Width}×{image.Height} pixels, those before are {size.Value.Width}×{size.Value.Height}; a set has one size. Align the faces first (112×112).");
                }

                writer.Write(key++, [], person, bytes);
                meter.Advance();
            }
        }

        long start = 1;
        for (int person = 0; person < people.Length; person++)
        {
            long end = start + people[person].Photographs.Length;
            writer.Write(key++, [start, end], person, []);
            start = end;
        }

        return size!.Value;
    }
}
