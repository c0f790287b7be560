using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Views;

/// <summary>
/// Shows a list of objects as rows. ML.NET's own view of that kind compiles code at run time, which programs that are
/// published ahead of time, and file-based ones (<c>dotnet run app.cs</c>), do without.
/// </summary>
internal sealed class ListDataView<TRow>(IReadOnlyList<TRow> rows, ViewColumn<TRow>[] columns) : IndexedDataView(SchemaOf(columns), rows.Count)
{
    protected override IIndexedRow Open(bool[] active) => new Row(rows, columns);

    private static DataViewSchema SchemaOf(ViewColumn<TRow>[] columns)
    {
        var schema = new DataViewSchema.Builder();
        foreach (ViewColumn<TRow> column in columns)
        {
            schema.AddColumn(column.Name, column.Type, column.Annotations);
        }

        return schema.ToSchema();
    }

    private sealed class Row(IReadOnlyList<TRow> rows, ViewColumn<TRow>[] columns) : IIndexedRow
    {
        private int _row;

        public void MoveTo(int row) => _row = row;

        public Delegate CreateGetter(int column) => columns[column].CreateGetter(() => rows[_row]);
    }
}
