using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Makes pairs name pictures as a view does, and says on ML.NET's log where the names differ.</summary>
internal static class PairedRows
{
    /// <summary>Reads the column of names once; no embedding is asked for.</summary>
    /// <param name="environment">For the log.</param>
    /// <param name="data">The pictures.</param>
    /// <param name="pairs">The pairs.</param>
    /// <param name="wanted">The names that they use; afterwards those of the result.</param>
    /// <param name="imageColumnName">The column of names.</param>
    /// <returns>The same pairs if the data have all names, otherwise pairs with the names that the data have.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">A picture is absent.</exception>
    public static IReadOnlyList<FacePair> Find(IHostEnvironment environment, IDataView data, IReadOnlyList<FacePair> pairs, HashSet<string> wanted, string imageColumnName) =>
        Find(environment, NamesOf(data, InputColumn.FindText(environment, data, imageColumnName)), pairs, wanted, imageColumnName);

    /// <summary>Does the same where the names are at hand.</summary>
    public static IReadOnlyList<FacePair> Find(IHostEnvironment environment, IEnumerable<string> pictures, IReadOnlyList<FacePair> pairs, string columnName) =>
        Find(environment, pictures, pairs, PairedPictures.Wanted(pairs), columnName);

    private static IReadOnlyList<FacePair> Find(IHostEnvironment environment, IEnumerable<string> pictures, IReadOnlyList<FacePair> pairs, HashSet<string> wanted, string columnName)
    {
        IReadOnlyList<FacePair> found = PairedPictures.Find(pictures, pairs, wanted, $"the column '{columnName}'", out string? renamed);
        if (renamed is not null)
        {
            using IChannel channel = environment.Start(nameof(PairedPictures));
            channel.Info(renamed);
        }

        return found;
    }

    private static IEnumerable<string> NamesOf(IDataView data, DataViewSchema.Column column)
    {
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        Func<string> getName = NameColumn.CreateGetter(cursor, column);
        while (cursor.MoveNext())
        {
            yield return getName();
        }
    }
}
