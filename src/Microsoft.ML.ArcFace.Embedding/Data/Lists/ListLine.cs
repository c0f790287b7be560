using System.Text;

namespace Microsoft.ML.ArcFace.Data.Lists;

/// <summary>Cuts a line of a list into its fields.</summary>
internal static class ListLine
{
    public const int MostFields = 256;

    /// <summary>
    /// Gives the fields of a line. One that begins with a quotation mark goes to its counterpart, as in RFC 4180. Between tabs,
    /// where names may hold quotation marks of their own, it does so only if the whole field stands between them.
    /// </summary>
    /// <param name="line">The line.</param>
    /// <param name="separator">What stands between its fields.</param>
    /// <param name="fields">The fields; none if something is wrong.</param>
    /// <returns>What is wrong, to stand behind the line's number; null: nothing.</returns>
    public static string? Split(string line, char separator, out string[] fields)
    {
        List<string> found = [];
        for (int next = 0; next <= line.Length;)
        {
            if (found.Count == MostFields)
            {
                fields = [];
                return $"has more than {MostFields} fields";
            }

            if (Take(line, separator, ref next) is not { } field)
            {
                fields = [];
                return "has a quotation mark without its counterpart";
            }

            found.Add(field);
        }

        fields = [.. found];
        return null;
    }

    /// <summary>Gives the field that begins at a place, null if its end is missing, and moves to the place behind its separator.</summary>
    private static string? Take(string line, char separator, ref int next)
    {
        int start = next;
        while (start < line.Length && line[start] == ' ')
        {
            start++;
        }

        return separator != '\t' && start < line.Length && line[start] == '"' ? TakeQuoted(line, separator, start + 1, ref next) : TakePlain(line, separator, ref next);
    }

    private static string TakePlain(string line, char separator, ref int next)
    {
        int start = next, end = line.IndexOf(separator, start) is >= 0 and var at ? at : line.Length;
        next = end + 1;
        string field = line[start..end].Trim();
        return separator == '\t' ? Unquoted(field) : field;
    }

    private static string? TakeQuoted(string line, char separator, int start, ref int next)
    {
        var field = new StringBuilder();
        for (int quote = line.IndexOf('"', start); quote >= 0; quote = line.IndexOf('"', start))
        {
            field.Append(line, start, quote - start);
            start = quote + 1;
            if (start < line.Length && line[start] == '"')
            {
                field.Append('"');
                start++;
                continue;
            }

            next = start;
            return field.Append(TakePlain(line, separator, ref next)).ToString().Trim();
        }

        return null;
    }

    private static string Unquoted(string field) =>
        field is ['"', .., '"'] && !field[1..^1].Replace("\"\"", "", StringComparison.Ordinal).Contains('"', StringComparison.Ordinal)
            ? field[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal)
            : field;
}
