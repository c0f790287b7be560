using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Whom each picture shows that pairs name.</summary>
internal static class PicturePeople
{
    /// <summary>Reads the wanted pictures' people in one pass; no embedding is asked for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">A picture has no label, or two.</exception>
    public static Dictionary<string, string> Read(
        IHostEnvironment environment, IDataView data, IReadOnlySet<string> wanted, string labelColumnName, string imageColumnName)
    {
        DataViewSchema.Column labelColumn = NameColumn.Find(environment, data, labelColumnName);
        DataViewSchema.Column imageColumn = InputColumn.FindText(environment, data, imageColumnName);
        using DataViewRowCursor cursor = data.GetRowCursor([labelColumn, imageColumn]);
        Func<string> getPicture = NameColumn.CreateGetter(cursor, imageColumn), getPerson = NameColumn.CreateGetter(cursor, labelColumn);
        var people = new Dictionary<string, string>(StringComparer.Ordinal);
        while (cursor.MoveNext())
        {
            string picture = getPicture();
            if (!wanted.Contains(picture))
            {
                continue;
            }

            string person = getPerson();
            if (person.Length == 0 || (!people.TryAdd(picture, person) && people[picture] != person))
            {
                throw new InvalidOperationException(
                    $"The picture '{picture}' has {(person.Length == 0 ? "no label" : $"two labels, '{people[picture]}' and '{person}'")} in the column '{labelColumnName}'; " +
                    "the interval of a threshold takes to know who it is. Correct the label, or leave the picture's pairs out.");
            }
        }

        return people;
    }
}
