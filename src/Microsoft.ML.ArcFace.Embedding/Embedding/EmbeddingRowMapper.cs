using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Maps single rows, as PredictionEngine asks for: one row, one forward pass of one.</summary>
internal sealed class EmbeddingRowMapper(FaceEmbeddingTransformer transformer, DataViewSchema inputSchema) : IRowToRowMapper
{
    public DataViewSchema InputSchema => inputSchema;

    public DataViewSchema OutputSchema { get; } = transformer.GetOutputSchema(inputSchema);

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        int[] indices = [.. dependingColumns.Select(column => column.Index)];
        bool needsImage = indices.Any(index => index >= inputSchema.Count);
        int image = inputSchema[transformer.Columns.Image].Index;
        return inputSchema.Where(column => indices.Contains(column.Index) || (needsImage && column.Index == image));
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new EmbeddingRow(transformer, input, OutputSchema, [.. activeColumns.Select(column => column.Index)]);

    private sealed class EmbeddingRow : DataViewRow
    {
        private readonly DataViewRow _input;
        private readonly HashSet<int> _active;
        private readonly EmbeddingOutput[] _outputs;
        private readonly EmbeddingBatch _batch;
        private readonly FacePixelReader.Getter? _getFace;
        private long _embeddedPosition = -1;

        public EmbeddingRow(FaceEmbeddingTransformer transformer, DataViewRow input, DataViewSchema schema, HashSet<int> active)
        {
            _input = input;
            _active = active;
            _outputs = [.. transformer.Columns.Outputs()];
            _batch = transformer.CreateBatch(capacity: 1);
            Schema = schema;
            if (active.Any(index => index >= input.Schema.Count))
            {
                _getFace = FacePixelReader.Create(input, FacePixelReader.Column(transformer.Host, input.Schema, transformer.Columns.Image), transformer.Look);
            }
        }

        public override DataViewSchema Schema { get; }

        public override long Position => _input.Position;

        public override long Batch => _input.Batch;

        public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

        public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!IsColumnActive(column))
            {
                throw new InvalidOperationException($"The column '{column.Name}' was not asked for when the row was opened.");
            }

            int inputCount = _input.Schema.Count;
            return column.Index < inputCount
                ? _input.GetGetter<TValue>(_input.Schema[column.Index])
                : EmbeddingGetter.As<TValue>(_batch.CreateGetter(_outputs[column.Index - inputCount], EmbedCurrent), column);
        }

        /// <summary>Embeds the current row unless that is done; always row 0 of its batch.</summary>
        private int EmbedCurrent()
        {
            if (_embeddedPosition != _input.Position)
            {
                _batch.Clear();
                _batch.Add(_getFace!);
                _batch.Embed();
                _embeddedPosition = _input.Position;
            }

            return 0;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _input.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
