using System.Globalization;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Data.Lists;

/// <summary>
/// Says how a list's lines are to be read: what separates fields, and which of them are path and label. Both are found out from
/// the first lines: a separator that each of them has, and the place of what looks like a path.
/// </summary>
internal sealed record ListLayout(char Separator, ListKind Kind, int Path = 0, int Label = 1, bool HasNames = false)
{
    private const string Due = "due are a path and a label, under a first line such as 'path,label' where they stand in another order; InsightFace's .lst (1, path, number of the person); or im2rec's (number, number of the person, path); separated by tabs, commas or semicolons";

    private static readonly HashSet<string> PathNames = new(StringComparer.OrdinalIgnoreCase) { "path", "image", "imagepath", "image_path", "file", "filename", "file_name", "filepath", "file_path", "photograph", "photo" };
    private static readonly HashSet<string> LabelNames = new(StringComparer.OrdinalIgnoreCase) { "label", "person", "name", "identity", "id", "person_id", "personid", "subject", "class" };

    /// <summary>Finds the layout of the first lines of a list.</summary>
    /// <param name="sample">Lines that are not empty.</param>
    /// <param name="refuse">Makes the exception for one of them: its index, and what it does.</param>
    public static ListLayout Find(IReadOnlyList<string> sample, Func<int, string, Exception> refuse)
    {
        // A path may hold commas, and a name semicolons: where two separators are in every line, the one that leaves paths whole counts.
        char[] candidates = [.. new[] { '\t', ';', ',' }.Where(separator => sample.All(line => Fields(line, separator).Length > 1))];
        char separator = candidates.OrderByDescending(candidate => NamesOf(sample[0], candidate) is not null)
            .ThenByDescending(candidate => sample.Count(line => Array.Exists(Fields(line, candidate), HasPhotographEnding))).FirstOrDefault();
        if (candidates.Length == 0)
        {
            // The line that is different is told when it is reached.
            separator = new[] { '\t', ';', ',' }.FirstOrDefault(candidate => sample[0].Contains(candidate, StringComparison.Ordinal));
            _ = separator == 0 ? throw refuse(0, $"has 1 field; {Due}") : separator;
        }

        if (NamesOf(sample[0], separator) is { } names)
        {
            return new ListLayout(separator, ListKind.PathAndLabel, names.Path, names.Label, HasNames: true);
        }

        string[][] rows = [.. sample.Select(line => Fields(line, separator))];
        if (Array.TrueForAll(rows, IsInsightFace))
        {
            return new ListLayout(separator, ListKind.InsightFace);
        }

        if (Array.TrueForAll(rows, IsIm2Rec))
        {
            return new ListLayout(separator, ListKind.Im2Rec);
        }

        int odd = Array.FindIndex(rows, row => row.Length > 1 && !LooksLikePath(row[0]) && row.Skip(1).Any(LooksLikePath));
        odd = odd < 0 && rows.Length > 1 && !Array.Exists(rows[0], LooksLikePath) && Array.TrueForAll(rows[1..], row => row.Length > 0 && LooksLikePath(row[0])) ? 0 : odd;
        return odd < 0 ? new ListLayout(separator, ListKind.PathAndLabel) : throw refuse(odd, $"is '{Shown(sample[odd])}', which does not begin with a path; {Due}");
    }

    /// <summary>Gives path and label of a line, or what is wrong with it.</summary>
    public (string Path, string Label, string? Finding) Read(string line)
    {
        if (ListLine.Split(line, Separator, out string[] fields) is { } finding)
        {
            return ("", "", finding);
        }

        (int path, int label, bool isProper) = Kind switch
        {
            ListKind.InsightFace => (1, 2, IsInsightFace(fields)),
            ListKind.Im2Rec => (fields.Length - 1, 1, IsIm2Rec(fields)),
            _ => (Path, Label, fields.Length > Math.Max(Path, Label) && fields[Path].Length > 0 && fields[Label].Length > 0
                && (HasNames || LooksLikePath(fields[0]) || !HasPhotographEnding(fields[1]))),
        };
        return isProper ? (fields[path], Kind == ListKind.PathAndLabel ? fields[label] : WholeNumber(fields[label]), null)
            : ("", "", $"has {fields.Length} fields, '{Shown(line)}', where {Expected} are due");
    }

    private string Expected => Kind switch
    {
        ListKind.InsightFace => "InsightFace's 1, path and number of the person",
        ListKind.Im2Rec => "im2rec's number, number of the person and path",
        _ => "a path and a label",
    };

    private static string[] Fields(string line, char separator) => ListLine.Split(line, separator, out string[] fields) is null ? fields : [];

    private static (int Path, int Label)? NamesOf(string line, char separator)
    {
        string[] fields = Fields(line, separator);
        return Array.FindIndex(fields, PathNames.Contains) is >= 0 and var path && Array.FindIndex(fields, LabelNames.Contains) is >= 0 and var label ? (path, label) : null;
    }

    private static bool IsInsightFace(string[] fields) =>
        fields.Length >= 3 && fields[0] is "0" or "1" && fields[1].Length > 0 && !IsNumber(fields[1]) && long.TryParse(fields[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private static bool IsIm2Rec(string[] fields) =>
        fields.Length >= 3 && long.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out _) && fields[1..^1].All(IsNumber) && fields[^1].Length > 0 && !IsNumber(fields[^1]);

    private static bool IsNumber(string field) => double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    /// <summary>Gives a person's number without the zeros of im2rec, which writes 3.000000.</summary>
    private static string WholeNumber(string label) =>
        double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number == Math.Floor(number) && Math.Abs(number) < 1L << 53
            ? ((long)number).ToString(CultureInfo.InvariantCulture) : label;

    private static bool LooksLikePath(string field) => HasPhotographEnding(field) || field.Contains('/', StringComparison.Ordinal) || field.Contains('\\', StringComparison.Ordinal);

    private static bool HasPhotographEnding(string field) => PhotographFile.HasEnding(field) || PhotographFile.IsHeic(field);

    private static string Shown(string line)
    {
        const int mostCharacters = 80;
        return Names.ShownName.Of(line.Length > mostCharacters ? line[..mostCharacters] + "…" : line);
    }
}
