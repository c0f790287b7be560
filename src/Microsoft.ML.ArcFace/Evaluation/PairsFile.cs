using System.Globalization;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// LFW's pairs.txt: "folds TAB pairs per class" (or the number of pairs alone: one fold), then for each fold the pairs
/// of the same person, "name i j", and as many of different people, "name i other j".
/// </summary>
internal static class PairsFile
{
    private const int MostFolds = 10_000, MostPairsPerClass = 10_000_000;
    private const int ShownCharacters = 80;

    /// <exception cref="FormatException">A line is not what it should be; the message gives its number, text and form.</exception>
    public static IReadOnlyList<FacePair> Read(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        using var reader = new StreamReader(file);
        int lineNumber = 0;
        (int folds, int pairsPerClass) = Counts(Next(), lineNumber);
        var pairs = new List<FacePair>();
        for (int fold = 0; fold < folds; fold++)
        {
            for (int i = 0; i < pairsPerClass; i++)
            {
                pairs.Add(Same(Next(), lineNumber, fold));
            }

            for (int i = 0; i < pairsPerClass; i++)
            {
                pairs.Add(Different(Next(), lineNumber, fold));
            }
        }

        while (reader.ReadLine() is { } rest)
        {
            lineNumber++;
            if (!string.IsNullOrWhiteSpace(rest))
            {
                throw Malformed(lineNumber, rest, $"the end of the file after {folds} folds of 2 × {pairsPerClass} pairs, as the first line says");
            }
        }

        return pairs;

        string Next()
        {
            lineNumber++;
            return reader.ReadLine() ?? throw new FormatException(
                $"Line {lineNumber} of the pairs file is missing: the file ends before the number of folds and of pairs that its first line must give.");
        }
    }

    private static (int Folds, int PairsPerClass) Counts(string line, int number)
    {
        string[] fields = line.Split('\t', ' ').Where(field => field.Length > 0).ToArray();
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

    private static FacePair Same(string line, int number, int fold)
    {
        string[] fields = line.TrimEnd().Split('\t');
        return fields.Length == 3 && fields[0].Length > 0
            ? new FacePair(Picture(fields[0], fields[1], line, number), Picture(fields[0], fields[2], line, number), true, fold)
            : throw Malformed(number, line, "name, tab, number, tab, number: a pair of the same person");
    }

    private static FacePair Different(string line, int number, int fold)
    {
        string[] fields = line.TrimEnd().Split('\t');
        return fields.Length == 4 && fields[0].Length > 0 && fields[2].Length > 0
            ? new FacePair(Picture(fields[0], fields[1], line, number), Picture(fields[2], fields[3], line, number), false, fold)
            : throw Malformed(number, line, "name, tab, number, tab, other name, tab, number: a pair of different people");
    }

    private static string Picture(string name, string pictureNumber, string line, int number) =>
        int.TryParse(pictureNumber, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            ? FormattableString.Invariant($"{name}/{index:0000}.jpg")
            : throw Malformed(number, line, $"a picture's number of 0 or more in place of '{pictureNumber}'");

    private static FormatException Malformed(int number, string line, string expected) =>
        new($"Line {number} of the pairs file is '{(line.Length > ShownCharacters ? line[..ShownCharacters] + "…" : line)}'; expected {expected}.");
}
