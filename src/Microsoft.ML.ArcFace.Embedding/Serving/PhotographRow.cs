using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.ArcFace.Serving;

/// <summary>A row of one image column, which shows one photograph after the other.</summary>
/// <param name="schema">What <see cref="SchemaOf"/> made; mappers take rows of the very schema that they were made for.</param>
internal sealed class PhotographRow(DataViewSchema schema) : DataViewRow
{
    private MLImage? _photograph;
    private long _position = -1;

    public override DataViewSchema Schema => schema;

    public override long Position => _position;

    public override long Batch => 0;

    /// <summary>The schema of such a row.</summary>
    public static DataViewSchema SchemaOf(string imageColumnName)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn(imageColumnName, new ImageDataViewType());
        return builder.ToSchema();
    }

    /// <summary>Goes on to the next photograph.</summary>
    public void Show(MLImage photograph)
    {
        _photograph = photograph;
        _position++;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => true;

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new DataViewRowId((ulong)_position, 0);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        (ValueGetter<MLImage>)((ref MLImage value) => value = _photograph!) is ValueGetter<TValue> getter
            ? getter
            : throw new InvalidOperationException($"The column '{column.Name}' holds images; it was read as {typeof(TValue).Name}.");
}
