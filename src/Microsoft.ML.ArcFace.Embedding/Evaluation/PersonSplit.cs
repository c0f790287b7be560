using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// Parts a view so that nobody is on both sides: a recogniser is tested on people whom it has never seen. The people are
/// sorted by name before they are drawn, so that the order of the rows decides nothing.
/// </summary>
internal static class PersonSplit
{
    /// <exception cref="ArgumentOutOfRangeException">The fraction is not between 0 and 1, or the column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">There are fewer than two people.</exception>
    public static DataOperationsCatalog.TrainTestData Split(IHostEnvironment environment, IDataView data, double testFraction, string labelColumnName, int? seed)
    {
        environment.CheckValue(data, nameof(data));
        environment.CheckNonWhiteSpace(labelColumnName, nameof(labelColumnName));
        if (!(testFraction > 0 && testFraction < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(testFraction), testFraction, "The share of people in the test set must be over 0 and below 1, for example 0.2.");
        }

        DataViewSchema.Column column = NameColumn.Find(environment, data, labelColumnName);
        (List<string> people, long unlabelled) = PeopleOf(data, column);
        if (people.Count < 2)
        {
            throw new InvalidOperationException(
                $"The column '{labelColumnName}' names {Counted.People(people.Count)}; to have somebody on each side it takes at least 2. Give photographs of more people.");
        }

        if (unlabelled > 0)
        {
            using IChannel channel = environment.Start(nameof(PersonSplit));
            channel.Warning($"{unlabelled} rows have no value in the column '{labelColumnName}'; they are in neither part.");
        }

        string[] drawn = [.. people.Order(StringComparer.Ordinal)];
        new Random(seed ?? ((IHostEnvironmentInternal)environment).Seed ?? 0).Shuffle(drawn);
        int testCount = Math.Clamp((int)Math.Round(testFraction * drawn.Length), 1, drawn.Length - 1);
        return new DataOperationsCatalog.TrainTestData(
            Keep(environment, data, column, [.. drawn.Skip(testCount)]), Keep(environment, data, column, [.. drawn.Take(testCount)]));
    }

    private static (List<string> People, long Unlabelled) PeopleOf(IDataView data, DataViewSchema.Column column)
    {
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        Func<string> getPerson = NameColumn.CreateGetter(cursor, column);
        var people = new HashSet<string>(StringComparer.Ordinal);
        long unlabelled = 0;
        while (cursor.MoveNext())
        {
            if (getPerson() is { Length: > 0 } person)
            {
                people.Add(person);
            }
            else
            {
                unlabelled++;
            }
        }

        return ([.. people], unlabelled);
    }

    /// <summary>The rows of these people, filtered when they are read.</summary>
    private static IDataView Keep(IHostEnvironment environment, IDataView data, DataViewSchema.Column column, HashSet<string> people)
    {
        if (column.Type is TextDataViewType)
        {
            HashSet<string>.AlternateLookup<ReadOnlySpan<char>> names = people.GetAlternateLookup<ReadOnlySpan<char>>();
            return LambdaFilter.Create<ReadOnlyMemory<char>>(
                environment, nameof(PersonSplit), data, column.Name, column.Type, (in ReadOnlyMemory<char> name) => names.Contains(name.Span));
        }

        Func<uint, string> nameOf = NameColumn.NamesOfKeys(column);
        return LambdaFilter.Create<uint>(environment, nameof(PersonSplit), data, column.Name, column.Type, (in uint key) => key != 0 && people.Contains(nameOf(key)));
    }
}
