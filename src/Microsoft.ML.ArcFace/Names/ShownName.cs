using System.Buffers;
using System.Globalization;
using System.Text;

namespace Microsoft.ML.ArcFace.Names;

/// <summary>Writes names of files and people within one line of text, whatever is in them.</summary>
internal static class ShownName
{
    // Control characters but tabs, line and paragraph ends, marks that turn the direction of writing: they would change the text around the name.
    private static readonly SearchValues<char> Unfit = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Where(point => point != '\t').Concat(Enumerable.Range(0x7F, 0x21)).Concat([0x2028, 0x2029]).Concat(Enumerable.Range(0x202A, 5)).Concat(Enumerable.Range(0x2066, 4)).Select(point => (char)point)]);

    /// <summary>Gives the name with \uXXXX in place of what does not fit into a line; most names are returned as they are.</summary>
    public static string Of(string name)
    {
        if (!name.AsSpan().ContainsAny(Unfit) && UnicodeNames.IllFormedAt(name) is null)
        {
            return name;
        }

        var shown = new StringBuilder(name.Length + 6);
        for (int i = 0; i < name.Length; i++)
        {
            char character = name[i];
            if (char.IsHighSurrogate(character) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1]))
            {
                shown.Append(character).Append(name[++i]);
                continue;
            }

            _ = Unfit.Contains(character) || char.IsSurrogate(character) ? shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:X4}") : shown.Append(character);
        }

        return shown.ToString();
    }
}
