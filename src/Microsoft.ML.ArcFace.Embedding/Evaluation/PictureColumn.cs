using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>What a column says of the pictures that pairs name: whom they show, or which group they belong to.</summary>
internal static class PictureColumn
{
    /// <summary>Reads the wanted pictures in one pass; no embedding is asked for.</summary>
    /// <returns>The value of each picture that is there; empty where it is missing.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">A picture has two values.</exception>
    public static Dictionary<string, string> Read(
        IHostEnvironment environment, IDataView data, Func<string, bool> isWanted, string valueColumnName, string imageColumnName)
    {
        DataViewSchema.Column valueColumn = NameColumn.Find(environment, data, valueColumnName);
        DataViewSchema.Column imageColumn = InputColumn.FindText(environment, data, imageColumnName);
        using DataViewRowCursor cursor = data.GetRowCursor([valueColumn, imageColumn]);
        Func<string> getPicture = NameColumn.CreateGetter(cursor, imageColumn), getValue = NameColumn.CreateGetter(cursor, valueColumn);
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        while (cursor.MoveNext())
        {
            string picture = getPicture();
            if (!isWanted(picture))
            {
                continue;
            }

            string value = getValue();
            if (!values.TryAdd(picture, value) && values[picture] != value)
            {
                throw new InvalidOperationException(
                    $"The picture '{picture}' occurs twice, once with '{values[picture]}' and once with '{value}' in the column '{valueColumnName}'. Correct the data, or evaluate one folder at a time.");
            }
        }

        return values;
    }
}
