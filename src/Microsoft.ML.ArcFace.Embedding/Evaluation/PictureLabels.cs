using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Reads whom each picture shows, without looking at the pictures.</summary>
internal static class PictureLabels
{
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or is not text.</exception>
    public static IReadOnlyList<(string Path, string Label)> Read(
        IHostEnvironment environment, IDataView data, string imageColumnName, string labelColumnName)
    {
        environment.CheckValue(data, nameof(data));
        environment.CheckNonWhiteSpace(imageColumnName, nameof(imageColumnName));
        environment.CheckNonWhiteSpace(labelColumnName, nameof(labelColumnName));
        DataViewSchema.Column imageColumn = InputColumn.FindText(environment, data, imageColumnName);
        DataViewSchema.Column labelColumn = InputColumn.FindText(environment, data, labelColumnName);
        using DataViewRowCursor cursor = data.GetRowCursor([imageColumn, labelColumn]);
        ValueGetter<ReadOnlyMemory<char>> getImage = cursor.GetGetter<ReadOnlyMemory<char>>(imageColumn);
        ValueGetter<ReadOnlyMemory<char>> getLabel = cursor.GetGetter<ReadOnlyMemory<char>>(labelColumn);
        var pictures = new List<(string Path, string Label)>();
        ReadOnlyMemory<char> image = default, label = default;
        while (cursor.MoveNext())
        {
            getImage(ref image);
            getLabel(ref label);
            pictures.Add((image.ToString(), label.ToString()));
        }

        return pictures;
    }
}
