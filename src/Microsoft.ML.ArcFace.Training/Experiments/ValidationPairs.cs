using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Experiments;

/// <summary>The pairs of validation photographs that all trials are judged by.</summary>
internal sealed class ValidationPairs
{
    /// <summary>Pairs at most; beyond, a sample with as many of the same person as of different people.</summary>
    private const int MostPairs = 200_000;

    private const int UsualFolds = 10;

    private readonly int _rows;
    private readonly (int First, int Second)[] _pairs;
    private readonly bool[] _isSame;
    private readonly int[] _folds;

    private ValidationPairs(int rows, IReadOnlyList<FacePair> pairs)
    {
        _rows = rows;
        _pairs = [.. pairs.Select(pair => (RowOf(pair.First), RowOf(pair.Second)))];
        _isSame = [.. pairs.Select(pair => pair.IsSamePerson)];
        _folds = [.. pairs.Select(pair => pair.Fold)];

        static int RowOf(string name) => int.Parse(name, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Pairs of different people.</summary>
    public int ImpostorCount => _isSame.Count(same => !same);

    /// <summary>Pairs photographs by the people on them; those without a label are left out.</summary>
    /// <exception cref="InvalidOperationException">There are fewer than two pairs of the same person, or of different people.</exception>
    public static ValidationPairs Of(IReadOnlyList<string> people, int seed)
    {
        (string Path, string Label)[] named = [.. people.Select((person, row) => (FormattableString.Invariant($"{row}"), person)).Where(row => row.person.Length > 0)];
        long genuine = named.GroupBy(row => row.Label, StringComparer.Ordinal).Sum(person => Pairs(person.Count()));
        long impostor = Pairs(named.Length) - genuine;
        int folds = (int)Math.Min(UsualFolds, Math.Min(genuine, impostor));
        return folds >= 2
            ? new ValidationPairs(people.Count, PairSampler.AllPairs(named, MostPairs, folds, seed))
            : throw new InvalidOperationException(
                $"The {named.Length} validation photographs give {genuine} pairs of the same person and {impostor} of different people; it takes two of each. Give more people with two or more photographs, or a greater {nameof(FaceExperimentSettings.ValidationFraction)}.");

        static long Pairs(long count) => count * (count - 1) / 2;
    }

    /// <summary>Who is on each row's photograph; empty where nobody is named.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is absent or of another kind.</exception>
    public static IReadOnlyList<string> People(IHostEnvironment environment, IDataView data, string labelColumnName)
    {
        DataViewSchema.Column column = NameColumn.Find(environment, data, labelColumnName);
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        Func<string> getPerson = NameColumn.CreateGetter(cursor, column);
        var people = new List<string>();
        while (cursor.MoveNext())
        {
            people.Add(getPerson());
        }

        return people;
    }

    /// <summary>Judges the embeddings of all rows. Pairs of photographs that could not be read (zero) are left out.</summary>
    public FaceTrialMetrics Evaluate(float[][] embeddings, double falseAcceptRate)
    {
        if (embeddings.Length != _rows)
        {
            throw new InvalidOperationException($"The validation set gave {embeddings.Length} embeddings for the {_rows} rows that it had at the start. Give data that stay the same.");
        }

        bool[] isUsable = [.. embeddings.Select(embedding => UnitVectors.HasDirection(embedding))];
        int[] usable = [.. Enumerable.Range(0, _pairs.Length).Where(pair => isUsable[_pairs[pair].First] && isUsable[_pairs[pair].Second])];
        VerificationMetrics metrics = VerificationEvaluator.Evaluate(
            [.. usable.Select(pair => embeddings[_pairs[pair].First])], [.. usable.Select(pair => embeddings[_pairs[pair].Second])],
            [.. usable.Select(pair => _isSame[pair])], [.. usable.Select(pair => _folds[pair])]);
        return new FaceTrialMetrics(
            metrics.AreaUnderRocCurve, metrics.TryGetTrueAcceptRate(falseAcceptRate, out double rate) ? rate : null, falseAcceptRate,
            metrics.EqualErrorRate, metrics.Accuracy, metrics.GenuinePairCount, metrics.ImpostorPairCount);
    }
}
