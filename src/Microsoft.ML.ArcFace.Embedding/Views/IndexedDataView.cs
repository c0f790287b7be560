using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Views;

/// <summary>The row that a cursor of an <see cref="IndexedDataView"/> stands on.</summary>
internal interface IIndexedRow
{
    void MoveTo(int row);

    /// <summary>The getter of an active column: a ValueGetter of its type.</summary>
    Delegate CreateGetter(int column);
}

/// <summary>
/// A view over rows that can be read in any order. Shuffling draws an order of the rows, four bytes each while the cursor
/// lives; nothing of a row is read before a column of it is asked for.
/// </summary>
internal abstract class IndexedDataView(DataViewSchema schema, int rowCount) : IDataView
{
    public DataViewSchema Schema => schema;

    public bool CanShuffle => true;

    public int RowCount => rowCount;

    public long? GetRowCount() => rowCount;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        bool[] active = new bool[schema.Count];
        foreach (DataViewSchema.Column column in columnsNeeded)
        {
            active[column.Index] = true;
        }

        int[]? order = null;
        if (rand is not null)
        {
            order = [.. Enumerable.Range(0, rowCount)];
            rand.Shuffle(order);
        }

        return new Cursor(this, active, order);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    /// <summary>What one cursor reads with; <paramref name="active"/> says which columns it will ask for.</summary>
    protected abstract IIndexedRow Open(bool[] active);

    private sealed class Cursor(IndexedDataView view, bool[] active, int[]? order) : DataViewRowCursor
    {
        private readonly IIndexedRow _row = view.Open(active);
        private long _position = -1;

        public override DataViewSchema Schema => view.Schema;

        public override long Position => _position;

        public override long Batch => 0;

        private int Row => order is null ? (int)_position : order[_position];

        public override bool MoveNext()
        {
            if (_position + 1 >= view.RowCount)
            {
                _position = view.RowCount;
                return false;
            }

            _position++;
            _row.MoveTo(Row);
            return true;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)Row, 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!IsColumnActive(column))
            {
                throw new InvalidOperationException($"The column '{column.Name}' was not asked for when the cursor was opened.");
            }

            var get = _row.CreateGetter(column.Index) as ValueGetter<TValue>
                ?? throw new InvalidOperationException($"The column '{column.Name}' holds {column.Type} ({column.Type.RawType.Name}); it cannot be read as {typeof(TValue).Name}.");
            return (ref TValue value) =>
            {
                if (_position < 0 || _position >= view.RowCount)
                {
                    throw new InvalidOperationException("The cursor stands before the first row or behind the last. Call MoveNext, and read while it returns true.");
                }

                get(ref value);
            };
        }
    }
}
