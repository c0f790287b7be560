using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Finds columns by name and kind, with ML.NET's errors where they do not fit.</summary>
internal static class InputColumn
{
    public static DataViewSchema.Column FindText(IHostEnvironment environment, IDataView data, string name) =>
        Find(environment, data, name, "String", type => type is TextDataViewType);

    public static DataViewSchema.Column FindEmbedding(IHostEnvironment environment, IDataView data, string name) => Find(
        environment, data, name, "Vector<Single>", type => type is VectorDataViewType { ItemType: NumberDataViewType item } && item == NumberDataViewType.Single);

    public static DataViewSchema.Column Find(
        IHostEnvironment environment, IDataView data, string name, string expected, Func<DataViewType, bool> accepts)
    {
        DataViewSchema.Column column = data.Schema.GetColumnOrNull(name) ?? throw environment.ExceptSchemaMismatch(nameof(data), "input", name);
        return accepts(column.Type) ? column : throw environment.ExceptSchemaMismatch(nameof(data), "input", name, expected, column.Type.ToString()!);
    }
}
