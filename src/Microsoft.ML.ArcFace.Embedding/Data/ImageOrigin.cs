using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>
/// Tells messages where the photograph of a row comes from: its path, its record in a RecordIO file, its place in a file of pairs.
/// </summary>
internal static class ImageOrigin
{
    /// <summary>Annotations of a column of encoded images: the file that they are from, and the column that tells them apart there.</summary>
    private const string FileKind = "ImageFile", KeyColumnKind = "ImageKeyColumn";

    /// <summary>The column of paths that loaders of this package make.</summary>
    private const string PathColumn = "ImagePath";

    /// <summary>Notes at a column of encoded images which file they are from, and by which column their place in it is known.</summary>
    public static DataViewSchema.Annotations Annotate(string file, string keyColumnName)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add(FileKind, TextDataViewType.Instance, (ref ReadOnlyMemory<char> value) => value = file.AsMemory());
        annotations.Add(KeyColumnKind, TextDataViewType.Instance, (ref ReadOnlyMemory<char> value) => value = keyColumnName.AsMemory());
        return annotations.ToAnnotations();
    }

    /// <summary>Finds the column that tells the origin of encoded images; null if that is not known.</summary>
    public static DataViewSchema.Column? KeyColumn(DataViewSchema schema, DataViewSchema.Column images) =>
        Text(images, KeyColumnKind) is { } name && schema.GetColumnOrNull(name) is { } column && (column.Type is TextDataViewType || column.Type.RawType == typeof(uint)) ? column : null;

    /// <summary>Finds the column that tells the photographs of rows apart, whatever their columns are; null if there is none.</summary>
    public static DataViewSchema.Column? KeyColumn(DataViewSchema schema) =>
        schema.Select(column => KeyColumn(schema, column)).FirstOrDefault(column => column is not null)
        ?? (schema.GetColumnOrNull(PathColumn) is { Type: TextDataViewType } paths ? paths : null);

    /// <summary>Names the photograph of the row that a cursor stands on, by the column that <see cref="KeyColumn(DataViewSchema)"/> gave.</summary>
    public static Func<string> CreateGetter(DataViewRow row, DataViewSchema.Column key)
    {
        string? file = row.Schema.Where(column => Text(column, KeyColumnKind) == key.Name).Select(column => Text(column, FileKind)).FirstOrDefault();
        if (key.Type is not TextDataViewType)
        {
            ValueGetter<uint> getNumber = row.GetGetter<uint>(key);
            uint number = 0;
            return () =>
            {
                getNumber(ref number);
                return string.Create(CultureInfo.InvariantCulture, $"record {number} of '{file}'");
            };
        }

        ValueGetter<ReadOnlyMemory<char>> getName = row.GetGetter<ReadOnlyMemory<char>>(key);
        ReadOnlyMemory<char> name = default;
        return () =>
        {
            getName(ref name);
            return file is null ? $"'{name}'" : $"'{name}' of '{file}'";
        };
    }

    private static string? Text(DataViewSchema.Column column, string kind)
    {
        if (column.Annotations.Schema.GetColumnOrNull(kind)?.Type is not TextDataViewType)
        {
            return null;
        }

        ReadOnlyMemory<char> text = default;
        column.Annotations.GetValue(kind, ref text);
        return text.ToString();
    }
}
