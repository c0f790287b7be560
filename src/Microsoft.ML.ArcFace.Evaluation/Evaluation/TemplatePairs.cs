using System.Collections;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// The pairs of IJB's template_pair_label.txt: lines of two template ids and 1 (same person) or 0. IJB-C has 15.7 million
/// of them, so a pair takes eleven bytes and becomes a <see cref="FacePair"/> when it is asked for.
/// </summary>
internal sealed class TemplatePairs : IReadOnlyList<FacePair>
{
    public const int MostFolds = 10_000;

    private static readonly char[] Separators = [' ', '\t', ','];

    private readonly List<string> _names = [];
    private readonly List<int> _first = [], _second = [];
    private readonly List<bool> _isSame = [];
    private readonly List<ushort> _fold = [];

    private TemplatePairs()
    {
    }

    public int Count => _first.Count;

    public FacePair this[int index] => new(_names[_first[index]], _names[_second[index]], _isSame[index], _fold[index]);

    /// <param name="reader">The lines.</param>
    /// <param name="name">The file, for messages.</param>
    /// <param name="folds">Each gets an equal share of both kinds of pairs, in the order of the file.</param>
    /// <exception cref="FaceDataFormatException">A line is not what it should be, or there are fewer pairs of one kind than folds.</exception>
    public static TemplatePairs Read(TextReader reader, string name, int folds)
    {
        var pairs = new TemplatePairs();
        var indexOfName = new Dictionary<string, int>(StringComparer.Ordinal);
        var lines = new TextLines(reader, Malformed);
        while (lines.Next() is { } line)
        {
            string[] fields = line.Split(Separators, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length == 0)
            {
                continue;
            }

            if (fields.Length != 3 || fields[2] is not ("0" or "1"))
            {
                throw Malformed(lines.Number, "is not two template ids and 1 (same person) or 0 (different people)");
            }

            if (UnicodeNames.AreEqual(fields[0], fields[1]))
            {
                throw Malformed(lines.Number, "compares a template with itself, which always agrees");
            }

            pairs._first.Add(IndexOf(UnicodeNames.Compose(fields[0])));
            pairs._second.Add(IndexOf(UnicodeNames.Compose(fields[1])));
            pairs._isSame.Add(fields[2] == "1");
        }

        pairs.SpreadOver(folds, name);
        return pairs;

        int IndexOf(string template)
        {
            if (indexOfName.TryAdd(template, pairs._names.Count))
            {
                pairs._names.Add(template);
            }

            return indexOfName[template];
        }

        FaceDataFormatException Malformed(int line, string what) => new($"Line {line} of '{name}' {what}.");
    }

    public IEnumerator<FacePair> GetEnumerator() => Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void SpreadOver(int folds, string name)
    {
        int same = _isSame.Count(isSame => isSame), different = Count - same;
        if (Math.Min(same, different) < folds)
        {
            throw new FaceDataFormatException(
                $"'{name}' has {same} pairs of the same person and {different} of different people; {folds} folds need as many of each kind at least. Give more pairs, or ask for fewer folds.");
        }

        (long Same, long Different) before = (0, 0);
        foreach (bool isSame in _isSame)
        {
            _fold.Add((ushort)(isSame ? before.Same++ * folds / same : before.Different++ * folds / different));
        }
    }
}
