using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>
/// A view with the embedding columns, computed batch by batch and only when asked for. Two cursors run over the input:
/// the main one gives the passed-through columns; the other runs ahead on the image column and fills the batches.
/// </summary>
internal sealed class EmbeddedDataView(FaceEmbeddingTransformer transformer, IDataView input) : IDataView
{
    public DataViewSchema Schema { get; } = transformer.GetOutputSchema(input.Schema);

    /// <summary>False: rows are embedded in the order of the input.</summary>
    public bool CanShuffle => false;

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        DataViewSchema.Column[] needed = [.. columnsNeeded];
        int inputCount = input.Schema.Count;
        DataViewRowCursor main = input.GetRowCursor(needed.Where(column => column.Index < inputCount).Select(column => input.Schema[column.Index]));
        if (!needed.Any(column => column.Index >= inputCount))
        {
            return new EmbeddingCursor(Schema, main, lookAhead: null, batch: null, transformer, needed);
        }

        DataViewSchema.Column image = FacePixelReader.Column(transformer.Host, input.Schema, transformer.Columns.Image);
        return new EmbeddingCursor(Schema, main, input.GetRowCursor([image]), transformer.CreateBatch(), transformer, needed);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];
}

/// <summary>The cursor of <see cref="EmbeddedDataView"/>.</summary>
internal sealed class EmbeddingCursor : DataViewRowCursor
{
    private readonly DataViewRowCursor _main;
    private readonly DataViewRowCursor? _lookAhead;
    private readonly EmbeddingBatch? _batch;
    private readonly FacePixelReader.Getter? _getFace;
    private readonly EmbeddingOutput[] _outputs;
    private readonly HashSet<int> _active;
    private readonly RepeatedPasses _passes;
    private long _batchStart;
    private string? _pass;
    private Exception? _failure;

    public EmbeddingCursor(
        DataViewSchema schema, DataViewRowCursor main, DataViewRowCursor? lookAhead, EmbeddingBatch? batch, FaceEmbeddingTransformer transformer, DataViewSchema.Column[] needed)
    {
        Schema = schema;
        _main = main;
        _lookAhead = lookAhead;
        _batch = batch;
        _getFace = lookAhead is null ? null : FacePixelReader.Create(lookAhead, lookAhead.Schema[transformer.Columns.Image], transformer.Look);
        _outputs = [.. transformer.Columns.Outputs()];
        _passes = transformer.Passes;
        _active = [.. needed.Select(column => column.Index)];
    }

    public override DataViewSchema Schema { get; }

    public override long Position => _main.Position;

    public override long Batch => _main.Batch;

    public override bool MoveNext()
    {
        if (_main.MoveNext())
        {
            return true;
        }

        if (_pass is not null)
        {
            _passes.End(_pass);
            _pass = null;
        }

        return false;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    public override ValueGetter<DataViewRowId> GetIdGetter() => _main.GetIdGetter();

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column))
        {
            throw new InvalidOperationException($"The column '{column.Name}' was not asked for when the cursor was opened.");
        }

        int inputCount = _main.Schema.Count;
        return column.Index < inputCount
            ? _main.GetGetter<TValue>(_main.Schema[column.Index])
            : EmbeddingGetter.As<TValue>(_batch!.CreateGetter(_outputs[column.Index - inputCount], RowInBatch), column);
    }

    /// <summary>Where the current row is in the batch; embeds the next one if it is behind this one.</summary>
    private int RowInBatch()
    {
        if (Position < 0)
        {
            throw new InvalidOperationException("The cursor stands before the first row or behind the last. Call MoveNext, and read while it returns true.");
        }

        if (_failure is not null)
        {
            throw new InvalidOperationException("An image of this batch could not be read, so that none of its rows has an embedding. Mend it and open a new cursor, or load the images with UnreadableImages.Skip.", _failure);
        }

        try
        {
            if (Position >= _batchStart + _batch!.RowCount)
            {
                EmbedNextBatch(_batch, _lookAhead!);
            }
        }
        catch (Exception error)
        {
            // Half a batch is collected, and its rows must not be answered with the embeddings of the one before.
            _failure = error;
            throw;
        }

        return (int)(Position - _batchStart);
    }

    private void EmbedNextBatch(EmbeddingBatch batch, DataViewRowCursor lookAhead)
    {
        _batchStart += batch.RowCount;
        batch.Clear();

        // Rows that nobody looked at are passed over without being decoded or embedded.
        while (_batchStart < Position && lookAhead.MoveNext())
        {
            _batchStart++;
        }

        while (batch.RowCount < batch.Capacity && lookAhead.MoveNext())
        {
            batch.Add(_getFace!);
        }

        if (batch.RowCount == 0)
        {
            throw new InvalidOperationException($"The input gave {_batchStart} rows when its images were read, but has a row {Position}. Use an input that gives the same rows each time.");
        }

        if (_batchStart == 0)
        {
            _pass = _passes.Begin(batch.Faces, batch.RowCount);
        }

        batch.Embed();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _main.Dispose();
            _lookAhead?.Dispose();
        }

        base.Dispose(disposing);
    }
}
