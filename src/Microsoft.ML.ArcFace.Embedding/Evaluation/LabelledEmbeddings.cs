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
        DataViewSchema.Column embeddingColumn = InputColumn.FindEmbedding(environment, data, embeddingColumnName);
        DataViewSchema.Column labelColumn = NameColumn.Find(environment, data, labelColumnName);

        using DataViewRowCursor cursor = data.GetRowCursor([embeddingColumn, labelColumn]);
        ValueGetter<VBuffer<float>> getEmbedding = cursor.GetGetter<VBuffer<float>>(embeddingColumn);
        Func<string> getPerson = NameColumn.CreateGetter(cursor, labelColumn);
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
}
