using System.Text;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>
/// A text file that lists photographs and who is on them: path and label, separated by a tab (.tsv, .txt, .lst) or a comma
/// (.csv; quotation marks as in RFC 4180, within a line). A first line of names (path, label) says which column is which.
/// </summary>
internal static class FaceList
{
    private static readonly HashSet<string> PathNames = new(StringComparer.OrdinalIgnoreCase) { "path", "image", "imagepath", "image_path", "file", "filename" };
    private static readonly HashSet<string> LabelNames = new(StringComparer.OrdinalIgnoreCase) { "label", "person", "name", "identity", "id" };

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FaceDataFormatException">A line is no path and label.</exception>
    public static IDataView Load(IHostEnvironment environment, string path, string? imageFolder)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"The list '{path}' does not exist (looked for '{Path.GetFullPath(path)}'). Give a .csv or .tsv file of paths and labels.", path);
        }

        using var reader = new StreamReader(path);
        char separator = Path.GetExtension(path).Equals(".csv", StringComparison.OrdinalIgnoreCase) ? ',' : '\t';
        FaceFile[] files = Read(reader, path, separator, imageFolder ?? Path.GetDirectoryName(Path.GetFullPath(path))!);
        using IChannel channel = environment.Start(nameof(FaceList));
        channel.Info($"'{path}': {files.Length} photographs of {files.DistinctBy(file => file.Label).Count()} people.");
        return FaceFile.ToView(files);
    }

    /// <summary>The photographs of a list; none of them is opened.</summary>
    public static FaceFile[] Read(TextReader reader, string name, char separator, string imageFolder)
    {
        var files = new List<FaceFile>();
        var people = new HashSet<string>(StringComparer.Ordinal);
        (int path, int label) = (0, 1);
        var lines = new TextLines(reader, line => Malformed(name, line, $"is longer than {TextLines.LongestLine} characters"));
        while (lines.Next() is { } line)
        {
            int number = lines.Number;
            if (line.Length == 0)
            {
                continue;
            }

            string[] fields = Fields(line, separator, name, number);
            if (number == 1 && Array.FindIndex(fields, PathNames.Contains) is >= 0 and var pathColumn && Array.FindIndex(fields, LabelNames.Contains) is >= 0 and var labelColumn)
            {
                (path, label) = (pathColumn, labelColumn);
                continue;
            }

            if (fields.Length <= Math.Max(path, label) || fields[path].Length == 0 || fields[label].Length == 0 || fields[path].Contains('\0'))
            {
                throw Malformed(name, number, $"has {fields.Length} fields where a path and a label are due");
            }

            if (!people.TryGetValue(fields[label], out string? person))
            {
                people.Add(person = fields[label]);
            }

            files.Add(new FaceFile(imageFolder, fields[path], fields[path].Replace('\\', '/'), person));
        }

        return files.Count > 0 ? [.. files] : throw new FaceDataFormatException($"The list '{name}' names no photographs. Give it lines of path and label.");
    }

    private static string[] Fields(string line, char separator, string name, int number)
    {
        if (separator == '\t')
        {
            return [.. line.Split(separator).Select(field => field.Trim())];
        }

        var fields = new List<string>();
        var field = new StringBuilder();
        bool isQuoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            char character = line[i];
            if (character == '"' && isQuoted && i + 1 < line.Length && line[i + 1] == '"')
            {
                field.Append('"');
                i++;
            }
            else if (character == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (character == separator && !isQuoted)
            {
                fields.Add(field.ToString().Trim());
                field.Clear();
            }
            else
            {
                field.Append(character);
            }
        }

        fields.Add(field.ToString().Trim());
        return isQuoted ? throw Malformed(name, number, "has a quotation mark without its counterpart") : [.. fields];
    }

    private static FaceDataFormatException Malformed(string name, int number, string what) => new($"Line {number} of '{name}' {what}.");
}
