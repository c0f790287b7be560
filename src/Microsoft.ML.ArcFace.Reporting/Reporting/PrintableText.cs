using System.Globalization;
using System.Text;

namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>
/// Names as people and files give them, for a page: what is no character, or has no place in XML, or turns the direction of the
/// text around it becomes �.
/// </summary>
internal static class PrintableText
{
    public static string Of(string text)
    {
        var printable = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            printable.Append(IsPrintable(rune) ? rune : Rune.ReplacementChar);
        }

        return printable.ToString();
    }

    // Format characters (Cf) are those that turn or hide text; joiners of emoji and scripts are among them, and harmless.
    private static bool IsPrintable(Rune rune) => rune.Value is 0x200C or 0x200D or '\n' || (Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
        && rune.Value is not (0xFFFE or 0xFFFF));
}
