using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Faces;

/// <summary>
/// Shows the row of a photograph as the row of one of its faces: the columns of boxes, landmarks and scores have that face
/// alone, all other columns are the photograph's. Whoever moves the photograph's row on calls <see cref="Begin"/>.
/// </summary>
internal sealed class FaceRow : DataViewRow
{
    private readonly DataViewRow _photograph;
    private readonly Dictionary<int, int> _values;
    private readonly ValueGetter<VBuffer<float>> _getBoxes;
    private readonly string _boxesName;
    private VBuffer<float> _boxes;
    private int? _face;
    private long _position = -1;

    /// <param name="photograph">The photograph's row; it is disposed of with this one.</param>
    /// <param name="columns">The columns of its faces, all of which it reads.</param>
    /// <param name="schema">
    /// The photograph's own; or one of the same columns, of which those of faces may have fixed sizes, and with the face's place
    /// behind them (<see cref="FaceExpandingTransformer"/>).
    /// </param>
    public FaceRow(DataViewRow photograph, FaceColumns columns, DataViewSchema schema)
    {
        _photograph = photograph;
        Schema = schema;
        _values = columns.All.ToDictionary(column => photograph.Schema[column.Name].Index, column => column.Values);
        _boxesName = columns.Boxes;
        _getBoxes = photograph.GetGetter<VBuffer<float>>(photograph.Schema[columns.Boxes]);
    }

    public override DataViewSchema Schema { get; }

    public override long Position => _position;

    public override long Batch => _photograph.Batch;

    /// <summary>How many faces the photograph has.</summary>
    public int Count { get; private set; }

    /// <summary>Looks at a photograph to which its row went on.</summary>
    public void Begin()
    {
        _getBoxes(ref _boxes);
        Count = _boxes.Length % FaceColumns.BoxValues == 0
            ? _boxes.Length / FaceColumns.BoxValues
            : throw new InvalidOperationException($"The column '{_boxesName}' holds {_boxes.Length} numbers in a row; a box is {FaceColumns.BoxValues}: x, y, width and height of each face.");
        ShowAll();
    }

    /// <summary>Shows the photograph with all its faces, as it is.</summary>
    public void ShowAll() => Show(null);

    /// <summary>Shows one face, from 0; −1: none, where a photograph has none.</summary>
    public void Show(int face) => Show((int?)face);

    public override bool IsColumnActive(DataViewSchema.Column column) =>
        column.Index >= _photograph.Schema.Count || _photograph.IsColumnActive(_photograph.Schema[column.Index]);

    public override ValueGetter<DataViewRowId> GetIdGetter()
    {
        ValueGetter<DataViewRowId> get = _photograph.GetIdGetter();
        return (ref DataViewRowId id) =>
        {
            get(ref id);
            if (_face is { } face)
            {
                id = id.Combine(new DataViewRowId((ulong)(face + 1), 0));
            }
        };
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        Delegate getter = column.Index >= _photograph.Schema.Count
            ? (ValueGetter<int>)((ref int value) => value = _face ?? -1)
            : !_values.TryGetValue(column.Index, out int values) ? _photograph.GetGetter<TValue>(_photograph.Schema[column.Index])
            : column.Type is VectorDataViewType vector ? OfVector(column, values, isOfFixedSize: vector.Size > 0)
            : OfScalar(column);
        return getter as ValueGetter<TValue> ?? throw new InvalidOperationException($"The column '{column.Name}' holds {column.Type}; it was read as {typeof(TValue).Name}.");
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _photograph.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Each showing is a position of its own, for transforms remember what they computed of a row.</summary>
    private void Show(int? face)
    {
        _face = face;
        _position++;
    }

    private ValueGetter<VBuffer<float>> OfVector(DataViewSchema.Column column, int values, bool isOfFixedSize)
    {
        ValueGetter<VBuffer<float>> get = _photograph.GetGetter<VBuffer<float>>(_photograph.Schema[column.Index]);
        VBuffer<float> all = default;
        return (ref VBuffer<float> value) =>
        {
            get(ref all);
            if (_face is not { } face)
            {
                all.CopyTo(ref value);
                return;
            }

            VBufferEditor<float> editor = VBufferEditor.Create(ref value, face >= 0 || isOfFixedSize ? values : 0);
            if (face >= 0)
            {
                Of(face, all, column, values).CopyTo(editor.Values);
            }
            else
            {
                editor.Values.Fill(float.NaN);
            }

            value = editor.Commit();
        };
    }

    private ValueGetter<float> OfScalar(DataViewSchema.Column column)
    {
        ValueGetter<VBuffer<float>> get = _photograph.GetGetter<VBuffer<float>>(_photograph.Schema[column.Index]);
        VBuffer<float> all = default;
        return (ref float value) =>
        {
            get(ref all);
            value = _face is >= 0 and { } face ? Of(face, all, column, values: 1)[0] : float.NaN;
        };
    }

    private ReadOnlySpan<float> Of(int face, in VBuffer<float> all, DataViewSchema.Column column, int values) => all.Length == Count * values
        ? (all.IsDense ? all.GetValues() : all.DenseValues().ToArray()).Slice(face * values, values)
        : throw new InvalidOperationException($"The column '{column.Name}' holds {all.Length} numbers in a row whose column '{_boxesName}' has {Count} faces; {values} are needed for each, which makes {Count * values}.");
}
