using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Makes pairs name pictures as the data do, before anything is embedded.</summary>
internal static class PairedPictures
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
    public static IReadOnlyList<FacePair> Find(IHostEnvironment environment, IDataView data, IReadOnlyList<FacePair> pairs, HashSet<string> wanted, string imageColumnName)
    {
        DataViewSchema.Column column = InputColumn.FindText(environment, data, imageColumnName);
        var names = new PictureNames(wanted);
        using (DataViewRowCursor cursor = data.GetRowCursor([column]))
        {
            Func<string> getName = NameColumn.CreateGetter(cursor, column);
            while (cursor.MoveNext())
            {
                names.Add(getName());
            }
        }

        return Rename(environment, pairs, wanted, names.OtherNames(imageColumnName));
    }

    /// <summary>Does the same where the names are at hand.</summary>
    public static IReadOnlyList<FacePair> Find(IHostEnvironment environment, IEnumerable<string> pictures, IReadOnlyList<FacePair> pairs, string columnName)
    {
        HashSet<string> wanted = new(pairs.SelectMany(pair => new[] { pair.First, pair.Second }), StringComparer.Ordinal);
        var names = new PictureNames(wanted);
        foreach (string picture in pictures)
        {
            names.Add(picture);
        }

        return Rename(environment, pairs, wanted, names.OtherNames(columnName));
    }

    private static IReadOnlyList<FacePair> Rename(IHostEnvironment environment, IReadOnlyList<FacePair> pairs, HashSet<string> wanted, Dictionary<string, string> otherNames)
    {
        if (otherNames.Count == 0)
        {
            return pairs;
        }

        using IChannel channel = environment.Start(nameof(PairedPictures));
        (string name, string other) = otherNames.MinBy(names => names.Key, StringComparer.Ordinal);
        channel.Info($"{otherNames.Count} pictures of the pairs are there under other names, such as '{Names.ShownName.Of(name)}' as '{Names.ShownName.Of(other)}'.");
        wanted.ExceptWith(otherNames.Keys);
        wanted.UnionWith(otherNames.Values);
        return [.. pairs.Select(pair => pair with { First = otherNames.GetValueOrDefault(pair.First, pair.First), Second = otherNames.GetValueOrDefault(pair.Second, pair.Second) })];
    }
}
