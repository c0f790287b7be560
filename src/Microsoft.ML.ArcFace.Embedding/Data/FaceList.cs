using System.Text;
using Microsoft.ML.ArcFace.Data.Lists;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>Lists the photographs that a text file names, and who is on them; see <see cref="ListLayout"/>.</summary>
internal static class FaceList
{
    /// <summary>The number of lines that show how the others are to be read.</summary>
    private const int SampleSize = 100;

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FaceDataFormatException">A line is no path and label, or its bytes do not belong to the encoding.</exception>
    public static IDataView Load(IHostEnvironment environment, string path, string? imageFolder, Encoding? encoding)
    {
        MissingFile.ThrowIfAbsent("The list", path, "Give a .csv, .tsv or .lst file of paths and labels.");

        using DecodedText reader = DecodedText.Open(path, encoding);
        var paths = new ListedPaths(imageFolder ?? Path.GetDirectoryName(Path.GetFullPath(path))!);
        using IChannel channel = environment.Start(nameof(FaceList));
        FaceFile[] files = Read(reader, path, paths, out int joinedPeople);
        if (joinedPeople > 0)
        {
            channel.Warning($"'{path}': {joinedPeople} people are named in two ways that differ in their Unicode form alone (é is one character, or e and an accent); each is taken for one person.");
        }

        if (paths.OtherFormCount > 0)
        {
            channel.Info($"'{path}': {paths.OtherFormCount} photographs were found under names that differ from those listed in their Unicode form alone.");
        }

        channel.Info($"'{path}': {Counted.Of(files.Length, "photograph")} of {Counted.People(files.DistinctBy(file => file.Label).Count())}.");
        return FaceFile.ToView(files);
    }

    /// <summary>The photographs of a list; none of them is opened.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">The list, for messages.</param>
    /// <param name="paths">Finds the files.</param>
    /// <param name="joinedPeople">How many people occur under two names that differ in their Unicode form alone.</param>
    public static FaceFile[] Read(TextReader reader, string name, ListedPaths paths, out int joinedPeople)
    {
        var lines = new TextLines(reader, (line, what) => Malformed(name, line, what));
        List<(int Number, string Line)> sample = [.. Lines(lines).Take(SampleSize)];
        if (sample.Count == 0)
        {
            throw Empty(name);
        }

        ListLayout layout = ListLayout.Find([.. sample.Select(line => line.Line)], (index, what) => Malformed(name, sample[index].Number, what));
        var files = new List<FaceFile>();
        var people = new Dictionary<string, string>(StringComparer.Ordinal);     // each spelling, and the one string that rows share
        var spellings = new Dictionary<string, string>(StringComparer.Ordinal);
        var joined = new HashSet<string>(StringComparer.Ordinal);
        foreach ((int number, string line) in sample.Skip(layout.HasNames ? 1 : 0).Concat(Lines(lines)))
        {
            (string listed, string label, string? finding) = layout.Read(line);
            if (finding is not null)
            {
                throw Malformed(name, number, finding);
            }

            if (!people.TryGetValue(label, out string? person))
            {
                person = UnicodeNames.Compose(label);
                if (!spellings.TryAdd(person, person))
                {
                    person = spellings[person];
                    joined.Add(person);
                }

                people.Add(label, person);
            }

            string path = paths.Find(listed);
            files.Add(new FaceFile(paths.Folder, path, RelativePath(listed, path), person));
        }

        joinedPeople = joined.Count;
        return files.Count > 0 ? [.. files] : throw Empty(name);
    }

    /// <summary>Gives the path as listed, with forward slashes unless a backslash belongs to the file's name.</summary>
    private static string RelativePath(string listed, string path) =>
        Path.DirectorySeparatorChar == '/' && path.Contains('\\', StringComparison.Ordinal) ? listed : listed.Replace('\\', '/');

    private static IEnumerable<(int Number, string Line)> Lines(TextLines lines)
    {
        while (lines.Next() is { } line)
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                yield return (lines.Number, line);
            }
        }
    }

    private static FaceDataFormatException Empty(string name) => new($"The list '{name}' names no photographs. Give it lines of path and label.");

    private static FaceDataFormatException Malformed(string name, int number, string what) => new($"Line {number} of '{name}' {what}.");
}
