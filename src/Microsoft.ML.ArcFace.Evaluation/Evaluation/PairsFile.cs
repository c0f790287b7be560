using System.Globalization;
using System.Text;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// LFW's pairs.txt: "folds TAB pairs per class" (or the number of pairs alone: one fold), then for each fold the pairs
/// of the same person, "name i j", and as many of different people, "name i other j".
/// </summary>
internal static class PairsFile
{
    private const int MostFolds = 10_000, MostPairsPerClass = 10_000_000;
    private const int ShownCharacters = 80;

    private static readonly char[] Separators = ['\t', ';', ',', ' '];

    /// <summary>One folder a person, pictures named by their number alone.</summary>
    public const string DefaultPicturePattern = "{0}/{1:0000}.jpg";

    /// <param name="file">The pairs.</param>
    /// <param name="picturePattern">Composite format of a picture's path: the person's name is {0}, the picture's number {1}.</param>
    /// <param name="encoding">What the file is written in unless it has a mark; null: UTF-8.</param>
    /// <exception cref="PairsFileException">A line is not what it should be; the message gives its number, text and form.</exception>
    /// <exception cref="ArgumentException">The pattern is no composite format, or leaves out the name or the number.</exception>
    public static IReadOnlyList<FacePair> Read(string file, string picturePattern = DefaultPicturePattern, Encoding? encoding = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        CompositeFormat pattern = Parse(picturePattern);
        using DecodedText reader = DecodedText.Open(file, encoding);
        return Read(reader, pattern);
    }

    /// <summary>The same from any text, by the default pattern.</summary>
    public static IReadOnlyList<FacePair> Read(TextReader reader) => Read(reader, Parse(DefaultPicturePattern));

    private static List<FacePair> Read(TextReader reader, CompositeFormat pattern)
    {
        var lines = new TextLines(reader, (line, what) => new PairsFileException($"Line {line} of the pairs file {what}", line, value: "", "a text file of pairs"));
        (int folds, int pairsPerClass) = Counts(Next(), lines.Number);
        var pairs = new List<FacePair>();
        for (int fold = 0; fold < folds; fold++)
        {
            for (int i = 0; i < pairsPerClass; i++)
            {
                pairs.Add(Same(Next(), lines.Number, fold, pattern));
            }

            for (int i = 0; i < pairsPerClass; i++)
            {
                pairs.Add(Different(Next(), lines.Number, fold, pattern));
            }
        }

        while (lines.Next() is { } rest)
        {
            if (!string.IsNullOrWhiteSpace(rest))
            {
                throw Malformed(lines.Number, rest, $"the end of the file after {folds} folds of 2 × {pairsPerClass} pairs, as the first line says");
            }
        }

        return pairs;

        string Next() => lines.Next() ?? throw new PairsFileException(
            $"Line {lines.Number} of the pairs file is missing", lines.Number, value: "", "as many folds and pairs as its first line must give");
    }

    private static (int Folds, int PairsPerClass) Counts(string line, int number)
    {
        string[] fields = line.Split(['\t', ' ', ',', ';'], StringSplitOptions.RemoveEmptyEntries);
        int[] counts = [.. fields.Select(field => int.TryParse(field, CultureInfo.InvariantCulture, out int count) ? count : -1)];
        (int folds, int pairs) = counts.Length switch
        {
            1 => (1, counts[0]),
            2 => (counts[0], counts[1]),
            _ => (-1, -1),
        };
        return folds is >= 1 and <= MostFolds && pairs is >= 1 and <= MostPairsPerClass
            ? (folds, pairs)
            : throw Malformed(number, line, $"the number of folds (1 to {MostFolds}), a tab, and the pairs per class (1 to {MostPairsPerClass})");
    }

    private static FacePair Same(string line, int number, int fold, CompositeFormat pattern)
    {
        string[] fields = Fields(line);
        if (fields.Length != 3 || fields[0].Length == 0)
        {
            throw Malformed(number, line, "name, tab, number, tab, number: a pair of the same person");
        }

        int first = PictureNumber(fields[1], line, number), second = PictureNumber(fields[2], line, number);
        return first != second
            ? new FacePair(Picture(pattern, fields[0], first), Picture(pattern, fields[0], second), true, fold)
            : throw Malformed(number, line, "two different pictures of the person: one compared with itself always agrees");
    }

    private static FacePair Different(string line, int number, int fold, CompositeFormat pattern)
    {
        string[] fields = Fields(line);
        if (fields.Length != 4 || fields[0].Length == 0 || fields[2].Length == 0)
        {
            throw Malformed(number, line, "name, tab, number, tab, other name, tab, number: a pair of different people");
        }

        int first = PictureNumber(fields[1], line, number), second = PictureNumber(fields[3], line, number);
        return fields[0] != fields[2]
            ? new FacePair(Picture(pattern, fields[0], first), Picture(pattern, fields[2], second), false, fold)
            : throw Malformed(number, line, "two different names: this is a pair of different people");
    }

    /// <summary>Names in one Unicode form, and numbers; tabs as LFW has them, else semicolons, commas or spaces separate them.</summary>
    private static string[] Fields(string line)
    {
        char separator = Array.Find(Separators, candidate => line.Contains(candidate, StringComparison.Ordinal));
        string[] fields = line.Split(separator, StringSplitOptions.TrimEntries | (separator == ' ' ? StringSplitOptions.RemoveEmptyEntries : StringSplitOptions.None));
        return [.. fields[..(Array.FindLastIndex(fields, field => field.Length > 0) + 1)].Select(UnicodeNames.Compose)];
    }

    private static int PictureNumber(string field, string line, int number) =>
        int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out int picture)
            ? picture
            : throw Malformed(number, line, $"a picture's number of 0 or more in place of '{field}'");

    private static string Picture(CompositeFormat pattern, string name, int number) =>
        string.Format(CultureInfo.InvariantCulture, pattern, name, number);

    private static CompositeFormat Parse(string picturePattern)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(picturePattern);
        try
        {
            CompositeFormat pattern = CompositeFormat.Parse(picturePattern);
            string[] pictures = [Picture(pattern, "Ada", 1), Picture(pattern, "Ada", 2), Picture(pattern, "Bob", 1)];
            return pictures.Distinct().Count() == pictures.Length ? pattern : throw NotAPattern(picturePattern, null);
        }
        catch (FormatException error)
        {
            throw NotAPattern(picturePattern, error);
        }
    }

    private static ArgumentException NotAPattern(string picturePattern, Exception? error) => new(
        $"The picture pattern '{picturePattern}' does not tell all pictures apart: use {{0}} for the person's name and {{1}} for the " +
        $"picture's number, as in '{DefaultPicturePattern}' or in LFW's own '{{0}}/{{0}}_{{1:0000}}.jpg'.", nameof(picturePattern), error);

    private static PairsFileException Malformed(int number, string line, string expected)
    {
        string shown = ShownName.Of(line.Length > ShownCharacters ? line[..ShownCharacters] + "…" : line);
        return new PairsFileException($"Line {number} of the pairs file is '{shown}'", number, shown, expected);
    }
}
