using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Views;

/// <summary>Describes a column of a <see cref="ListDataView{TRow}"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it holds.</param>
/// <param name="CreateGetter">Makes a ValueGetter of that type, which reads from the row that the function names.</param>
internal sealed record ViewColumn<TRow>(string Name, DataViewType Type, Func<Func<TRow>, Delegate> CreateGetter)
{
    /// <summary>Annotations of the column; null: none.</summary>
    public DataViewSchema.Annotations? Annotations { get; init; }

    public static ViewColumn<TRow> OfText(string name, Func<TRow, string> read) =>
        new(name, TextDataViewType.Instance, row => (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = read(row()).AsMemory()));

    public static ViewColumn<TRow> OfSingle(string name, Func<TRow, float> read) =>
        new(name, NumberDataViewType.Single, row => (ValueGetter<float>)((ref float value) => value = read(row())));

    public static ViewColumn<TRow> OfInt32(string name, Func<TRow, int> read) =>
        new(name, NumberDataViewType.Int32, row => (ValueGetter<int>)((ref int value) => value = read(row())));

    /// <summary>Makes a column of vectors of one length, which are copied.</summary>
    public static ViewColumn<TRow> OfVector(string name, int size, Func<TRow, float[]> read) =>
        new(name, new VectorDataViewType(NumberDataViewType.Single, size), row => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
        {
            float[] source = read(row());
            VBufferEditor<float> target = VBufferEditor.Create(ref value, source.Length);
            source.CopyTo(target.Values);
            value = target.Commit();
        }));
}
