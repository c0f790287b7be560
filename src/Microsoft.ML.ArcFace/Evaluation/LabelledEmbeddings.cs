using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Embeddings with the person they show.</summary>
internal static class LabelledEmbeddings
{
    /// <summary>Reads all rows; those without a direction (photographs that could not be read) are counted, not given.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    public static (List<(string Person, float[] Embedding)> Rows, int Unusable) Read(
        IHostEnvironment environment, IDataView data, string labelColumnName, string embeddingColumnName)
    {
        environment.CheckValue(data, nameof(data));
        environment.CheckNonWhiteSpace(labelColumnName, nameof(labelColumnName));
        environment.CheckNonWhiteSpace(embeddingColumnName, nameof(embeddingColumnName));
        DataViewSchema.Column embeddingColumn = InputColumn.Find(
            environment, data, embeddingColumnName, "Vector<Single>", type => type is VectorDataViewType { ItemType: NumberDataViewType item } && item == NumberDataViewType.Single);
        DataViewSchema.Column labelColumn = InputColumn.Find(
            environment, data, labelColumnName, "Key<UInt32> or String", type => type is TextDataViewType || (type is KeyDataViewType && type.RawType == typeof(uint)));

        using DataViewRowCursor cursor = data.GetRowCursor([embeddingColumn, labelColumn]);
        ValueGetter<VBuffer<float>> getEmbedding = cursor.GetGetter<VBuffer<float>>(embeddingColumn);
        Func<string> getPerson = PersonGetter(cursor, labelColumn);
        var rows = new List<(string, float[])>();
        int unusable = 0;
        VBuffer<float> buffer = default;
        while (cursor.MoveNext())
        {
            getEmbedding(ref buffer);
            float[] embedding = [.. buffer.DenseValues()];
            string person = getPerson();
            if (person.Length > 0 && UnitVectors.HasDirection(embedding))
            {
                rows.Add((person, embedding));
            }
            else
            {
                unusable++;
            }
        }

        return (rows, unusable);
    }

    /// <summary>What a key without names is called; key values start at 1.</summary>
    public static string NameOfKey(uint key) => $"key {key}";

    private static Func<string> PersonGetter(DataViewRow row, DataViewSchema.Column column)
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

        VBuffer<ReadOnlyMemory<char>> names = default;
        bool hasNames = column.Annotations.Schema.GetColumnOrNull("KeyValues")?.Type is VectorDataViewType { ItemType: TextDataViewType };
        if (hasNames)
        {
            column.GetKeyValues(ref names);
        }

        string[] nameOf = [.. names.DenseValues().Select(name => name.ToString())];
        ValueGetter<uint> getKey = row.GetGetter<uint>(column);
        uint key = 0;
        return () =>
        {
            getKey(ref key);
            return key == 0 ? "" : hasNames ? nameOf[key - 1] : NameOfKey(key);
        };
    }
}
