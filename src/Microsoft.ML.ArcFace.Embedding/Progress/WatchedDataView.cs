using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Progress;

/// <summary>Counts the rows that are read of a view, and stops the reading when asked to.</summary>
internal sealed class WatchedDataView(IDataView input, WorkObserver observer, (string Column, string Work)[] columns) : IDataView
{
    public DataViewSchema Schema => input.Schema;

    public bool CanShuffle => input.CanShuffle;

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        DataViewSchema.Column[] needed = [.. columnsNeeded];
        string? work = columns.Where(costly => needed.Any(column => column.Name == costly.Column)).Select(costly => costly.Work).FirstOrDefault();
        DataViewRowCursor cursor = input.GetRowCursor(needed, rand);
        return work is null ? cursor : new WatchedCursor(cursor, observer.Begin(work, input.GetRowCount()));
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];
}

/// <summary>Counts the rows of <see cref="WatchedDataView"/>: one is done when the next one is asked for.</summary>
internal sealed class WatchedCursor(DataViewRowCursor inner, WorkMeter meter) : DataViewRowCursor
{
    public override DataViewSchema Schema => inner.Schema;

    public override long Position => inner.Position;

    public override long Batch => inner.Batch;

    public override bool MoveNext()
    {
        if (inner.Position >= 0)
        {
            meter.Advance();
        }

        return inner.MoveNext();
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => inner.IsColumnActive(column);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => inner.GetGetter<TValue>(column);

    public override ValueGetter<DataViewRowId> GetIdGetter() => inner.GetIdGetter();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            meter.Dispose();
        }

        base.Dispose(disposing);
    }
}
