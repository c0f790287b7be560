using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Faces;

/// <summary>A view of photographs with a row for each face. The faces of a photograph follow each other, also when it is shuffled.</summary>
internal sealed class ExpandedDataView(FaceExpandingTransformer transformer, IDataView input) : IDataView
{
    public DataViewSchema Schema { get; } = transformer.GetOutputSchema(input.Schema);

    public bool CanShuffle => input.CanShuffle;

    /// <summary>Null: it is not known how many faces there are before all are found.</summary>
    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        HashSet<int> active = [.. columnsNeeded.Select(column => column.Index)];
        FaceExpandingOptions options = transformer.Settings;
        IEnumerable<DataViewSchema.Column> needed = input.Schema.Where(column => active.Contains(column.Index));
        DataViewRowCursor photographs = input.GetRowCursor([.. needed.Union(options.Columns.All.Select(column => input.Schema[column.Name]))], rand);
        return new Cursor(photographs, new FaceRow(photographs, options.Columns, Schema), active, options.KeepPhotographsWithoutFaces, transformer.Host);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(DataViewRowCursor photographs, FaceRow row, HashSet<int> active, bool keepsAll, IHost host) : DataViewRowCursor
    {
        private readonly List<Action> _forgets = [];
        private long _position = -1, _photographs, _withoutFaces;
        private int _face = -1;
        private bool _isAtEnd;

        public override DataViewSchema Schema => row.Schema;

        public override long Position => _position;

        public override long Batch => photographs.Batch;

        public override bool MoveNext()
        {
            if (_isAtEnd)
            {
                return false;
            }

            while (_face + 1 >= row.Count)
            {
                if (!NextPhotograph())
                {
                    return false;
                }

                if (row.Count > 0)
                {
                    continue;
                }

                _withoutFaces++;
                if (keepsAll)
                {
                    return Show(-1);
                }
            }

            return Show(_face + 1);
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column.Index);

        public override ValueGetter<DataViewRowId> GetIdGetter() => row.GetIdGetter();

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!IsColumnActive(column))
            {
                throw new InvalidOperationException($"The column '{column.Name}' was not asked for when the cursor was opened.");
            }

            ValueGetter<TValue> get = row.GetGetter<TValue>(column);
            if (get is ValueGetter<MLImage> getImage)
            {
                get = (ValueGetter<TValue>)(object)OncePerPhotograph(getImage);
            }

            return (ref TValue value) =>
            {
                if (_position < 0 || _isAtEnd)
                {
                    throw new InvalidOperationException("The cursor stands before the first row or behind the last. Call MoveNext, and read while it returns true.");
                }

                get(ref value);
            };
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _forgets.ForEach(forget => forget());
                row.Dispose();
            }

            base.Dispose(disposing);
        }

        private bool NextPhotograph()
        {
            _face = -1;
            _forgets.ForEach(forget => forget());
            if (!photographs.MoveNext())
            {
                _isAtEnd = true;
                TellOfPhotographsWithoutFaces();
                return false;
            }

            _photographs++;
            row.Begin();
            return true;
        }

        private bool Show(int face)
        {
            _face = face;
            row.Show(face);
            _position++;
            return true;
        }

        private void TellOfPhotographsWithoutFaces()
        {
            if (_withoutFaces > 0 && !keepsAll)
            {
                using IChannel channel = host.Start(nameof(FaceExpandingTransformer));
                channel.Warning($"{_withoutFaces} of {_photographs} rows show no face that the detector finds, so that no row was made of them. To keep them as rows without a face, set keepPhotographsWithoutFaces.");
            }
        }

        /// <summary>A photograph is decoded once, not once for each face; each face's row has a copy, which its reader may dispose of.</summary>
        private ValueGetter<MLImage> OncePerPhotograph(ValueGetter<MLImage> get)
        {
            MLImage? decoded = null;
            bool isRead = false;
            _forgets.Add(() => isRead = false);
            return (ref MLImage value) =>
            {
                if (!isRead)
                {
                    get(ref decoded!);
                    isRead = true;
                }

                value?.Dispose();
                value = decoded is null ? null! : MLImage.CreateFromPixels(decoded.Width, decoded.Height, decoded.PixelFormat, decoded.Pixels);
                if (decoded?.Tag is { } tag)
                {
                    value!.Tag = tag;
                }
            };
        }
    }
}
