using System.Globalization;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>A photograph for the page as a data URI, or the word for why it is not shown.</summary>
internal readonly record struct ShownPhotograph(string DataUri, string Problem);

/// <summary>The pairs that are nearest to being wrong, or wrong, with their photographs.</summary>
internal static class WorstPairs
{
    /// <summary>
    /// Finds the worst pairs of a kind, by index: those of different people by falling cosine, those of the same person by rising. Two
    /// people, or one, are shown once, so that a single wrong label does not fill the list. Where it is not known who is on the
    /// photographs, every pair counts.
    /// </summary>
    public static int[] Find(ComparedPairs compared, bool isSame, int count, IReadOnlyDictionary<string, string> personOf) =>
    [
        .. Enumerable.Range(0, compared.Pairs.Count).Where(i => compared.IsSame[i] == isSame)
            .OrderBy(i => isSame ? compared.Cosines[i] : -compared.Cosines[i]).ThenBy(i => i)
            .DistinctBy(i => PeopleOf(compared.Pairs[i], personOf) ?? (object)i).Take(count),
    ];

    /// <summary>Names the two people of a pair in one order, or nobody where one of them is not known.</summary>
    private static (string, string)? PeopleOf(FacePair pair, IReadOnlyDictionary<string, string> personOf)
    {
        string first = personOf.GetValueOrDefault(pair.First, ""), second = personOf.GetValueOrDefault(pair.Second, "");
        if (first.Length == 0 || second.Length == 0)
        {
            return null;
        }

        return string.CompareOrdinal(first, second) <= 0 ? (first, second) : (second, first);
    }

    /// <summary>Opens the photographs of the wanted pictures, and no others.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    public static Dictionary<string, ShownPhotograph> ReadPhotographs(
        IHostEnvironment environment, IDataView data, HashSet<string> wanted, FaceReportOptions options)
    {
        var photographs = new Dictionary<string, ShownPhotograph>(StringComparer.Ordinal);
        if (options.ImageColumnName is not { } imageColumnName || wanted.Count == 0)
        {
            return photographs;
        }

        DataViewSchema.Column imageColumn = PhotographColumn.Find(environment, data.Schema, imageColumnName), nameColumn = InputColumn.FindText(environment, data, options.NameColumnName);
        using DataViewRowCursor cursor = data.GetRowCursor([imageColumn, nameColumn]);
        Func<string> getName = NameColumn.CreateGetter(cursor, nameColumn);
        Func<Photograph?> getPhotograph = PhotographColumn.CreateGetter(cursor, imageColumn);
        while (photographs.Count < wanted.Count && cursor.MoveNext())
        {
            string name = getName();
            if (wanted.Contains(name) && !photographs.ContainsKey(name))
            {
                photographs.Add(name, Read(getPhotograph, options.PictureSize));
            }
        }

        return photographs;
    }

    public static Mistake[] Describe(
        ComparedPairs compared, int[] pairs, double threshold, IReadOnlyDictionary<string, string> personOf, Dictionary<string, ShownPhotograph> photographs)
    {
        return
        [
            .. pairs.Select(i => new Mistake(
                Cell(compared.Pairs[i].First), Cell(compared.Pairs[i].Second), compared.Cosines[i].ToString("0.000", CultureInfo.InvariantCulture),
                compared.IsSame[i] != compared.Cosines[i] > threshold)),
        ];

        PictureCell Cell(string picture)
        {
            ShownPhotograph shown = photographs.GetValueOrDefault(picture, new ShownPhotograph("", "not shown"));
            return new PictureCell(PrintableText.Of(picture), PrintableText.Of(personOf.GetValueOrDefault(picture, "")), shown.DataUri, shown.Problem);
        }
    }

    private static ShownPhotograph Read(Func<Photograph?> getPhotograph, int size)
    {
        try
        {
            using Photograph? photograph = getPhotograph();
            return photograph is null ? new ShownPhotograph("", "no photograph") : new ShownPhotograph(Thumbnail.DataUri(photograph.Image, size), "");
        }
        catch (FaceImageException)
        {
            return new ShownPhotograph("", "cannot be read");
        }
    }
}
