using System.Text;

namespace Microsoft.ML.ArcFace.Data.Lists;

/// <summary>Cuts a line of a list into its fields.</summary>
internal static class ListLine
{
    /// <summary>
    /// A field that begins with a quotation mark goes to its counterpart, as in RFC 4180. Between tabs, where names may hold
    /// quotation marks of their own, it does so only if the whole field stands between them.
    /// </summary>
    /// <returns>False if a quotation mark has no counterpart.</returns>
    public static bool TrySplit(string line, char separator, out string[] fields)
    {
        if (separator == '\t')
        {
            fields = [.. line.Split(separator, StringSplitOptions.TrimEntries).Select(Unquoted)];
            return true;
        }

        var found = new List<string>();
        int next = 0;
        bool isWhole = true;
        while (next <= line.Length && isWhole)
        {
            isWhole = TryTake(line, separator, ref next, out string field);
            found.Add(field);
        }

        fields = [.. found];
        return isWhole;
    }

    /// <summary>The field that begins at a place, and the place behind its separator.</summary>
    private static bool TryTake(string line, char separator, ref int next, out string field)
    {
        int start = next;
        while (start < line.Length && line[start] == ' ')
        {
            start++;
        }

        var quoted = new StringBuilder();
        bool isQuoted = start < line.Length && line[start] == '"';
        int i = isQuoted ? start + 1 : start;
        for (; isQuoted; i++)
        {
            int quote = line.IndexOf('"', i);
            if (quote < 0)
            {
                field = "";
                return false;
            }

            quoted.Append(line, i, quote - i);
            isQuoted = quote + 1 < line.Length && line[quote + 1] == '"';
            _ = isQuoted ? quoted.Append('"') : quoted;
            i = isQuoted ? quote + 1 : quote;
        }

        int end = line.IndexOf(separator, i) is >= 0 and var at ? at : line.Length;
        field = (quoted + line[i..end]).Trim();
        next = end + 1;
        return true;
    }

    private static string Unquoted(string field) =>
        field is ['"', .., '"'] && !field[1..^1].Replace("\"\"", "", StringComparison.Ordinal).Contains('"', StringComparison.Ordinal)
            ? field[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal)
            : field;
}
