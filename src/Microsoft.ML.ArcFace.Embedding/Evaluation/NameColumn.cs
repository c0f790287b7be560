using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>A column that names things: text, or a key with or without names.</summary>
internal static class NameColumn
{
    /// <exception cref="ArgumentOutOfRangeException">The column is absent or of another kind.</exception>
    public static DataViewSchema.Column Find(IHostEnvironment environment, IDataView data, string name) =>
        InputColumn.Find(environment, data, name, "Key<UInt32> or String", Accepts);

    /// <summary>Tells whether a column of this type names things.</summary>
    public static bool Accepts(DataViewType type) => type is TextDataViewType || (type is KeyDataViewType && type.RawType == typeof(uint));

    /// <summary>What a key without names is called; key values start at 1.</summary>
    public static string NameOfKey(uint key) => $"key {key}";

    /// <summary>Whether the column tells more than numbers of its own: text, or a key with names.</summary>
    public static bool HasNames(DataViewSchema.Column column) =>
        column.Type is TextDataViewType || column.Annotations.Schema.GetColumnOrNull("KeyValues")?.Type is VectorDataViewType { ItemType: TextDataViewType };

    /// <summary>Gives the name in the row that the cursor stands on, empty where it is missing.</summary>
    public static Func<string> CreateGetter(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is TextDataViewType)
        {
            ValueGetter<ReadOnlyMemory<char>> getText = row.GetGetter<ReadOnlyMemory<char>>(column);
            ReadOnlyMemory<char> text = default;
            return () =>
            {
                getText(ref text);
                return text.ToString();
            };
        }

        Func<uint, string> nameOf = NamesOfKeys(column);
        ValueGetter<uint> getKey = row.GetGetter<uint>(column);
        uint key = 0;
        return () =>
        {
            getKey(ref key);
            return key == 0 ? "" : nameOf(key);
        };
    }

    /// <summary>Gives the name of a key of the column; key values start at 1.</summary>
    public static Func<uint, string> NamesOfKeys(DataViewSchema.Column column)
    {
        if (!HasNames(column))
        {
            return NameOfKey;
        }

        VBuffer<ReadOnlyMemory<char>> names = default;
        column.GetKeyValues(ref names);
        string[] nameOf = [.. names.DenseValues().Select(name => name.ToString())];
        return key => nameOf[key - 1];
    }
}
