using System.Buffers;
using System.Globalization;
using System.Text;

namespace Microsoft.ML.ArcFace.Names;

/// <summary>
/// Writes names of files and people within one line of text, whatever is in them. What would change the text around the name, or
/// a terminal, becomes \uXXXX; a name that holds such a sequence itself has its backslash written as \u005C, so that no two names
/// look the same and each can be had back.
/// </summary>
internal static class ShownName
{
    /// <summary>Begins what is written in place of a character.</summary>
    private const string Mark = "\\u";

    private const int HexDigits = 4;

    // Control characters but tabs (C0, DEL, C1 with the one that begins a terminal's commands), line and paragraph ends, marks that
    // turn the direction of writing, and what cannot be seen at all. Joiners of scripts and emoji stay.
    private static readonly SearchValues<char> Unfit = SearchValues.Create(
    [
        .. new (int First, int Last)[]
        {
            (0x00, 0x08), (0x0A, 0x1F), (0x7F, 0x9F), (0x061C, 0x061C), (0x180E, 0x180E), (0x200B, 0x200B), (0x200E, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB),
        }.SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1)).Select(point => (char)point),
    ]);

    /// <summary>Gives the name as it is shown; most names are returned as they are.</summary>
    public static string Of(string name)
    {
        for (int at = name.IndexOf(Mark, StringComparison.Ordinal); at >= 0; at = name.IndexOf(Mark, at + 1, StringComparison.Ordinal))
        {
            ReadOnlySpan<char> digits = name.AsSpan(at + Mark.Length);
            if (digits.Length >= HexDigits && !digits[..HexDigits].ContainsAnyExcept(HexCharacters))
            {
                name = name.Insert(at + 1, "u005C");
            }
        }

        return Escape(name);
    }

    /// <summary>Replaces the characters alone. JSON reads what is written for them, so that it stays the same JSON.</summary>
    public static string Escape(string text)
    {
        if (!text.AsSpan().ContainsAny(Unfit) && UnicodeNames.IllFormedAt(text) is null)
        {
            return text;
        }

        var shown = new StringBuilder(text.Length + 6);
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            if (char.IsHighSurrogate(character) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                shown.Append(character).Append(text[++i]);
                continue;
            }

            _ = Unfit.Contains(character) || char.IsSurrogate(character) ? shown.Append(CultureInfo.InvariantCulture, $"{Mark}{(int)character:X4}") : shown.Append(character);
        }

        return shown.ToString();
    }

    private static readonly SearchValues<char> HexCharacters = SearchValues.Create("0123456789ABCDEFabcdef");
}
