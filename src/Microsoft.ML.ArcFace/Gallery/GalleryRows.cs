using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Reads a view of embeddings as photographs to enroll.</summary>
internal static class GalleryRows
{
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    public static (List<FaceToEnroll> Faces, int Unusable) Read(IHostEnvironment environment, IDataView data, string labelColumnName, string embeddingColumnName, string? sourceColumnName)
    {
        environment.CheckValue(data, nameof(data));
        environment.CheckNonWhiteSpace(labelColumnName, nameof(labelColumnName));
        environment.CheckNonWhiteSpace(embeddingColumnName, nameof(embeddingColumnName));
        DataViewSchema.Column embeddingColumn = InputColumn.FindEmbedding(environment, data, embeddingColumnName);
        DataViewSchema.Column labelColumn = NameColumn.Find(environment, data, labelColumnName);
        DataViewSchema.Column? sourceColumn = sourceColumnName is null ? null : NameColumn.Find(environment, data, sourceColumnName);

        DataViewSchema.Column[] columns = sourceColumn is { } given ? [embeddingColumn, labelColumn, given] : [embeddingColumn, labelColumn];
        using DataViewRowCursor cursor = data.GetRowCursor(columns);
        ValueGetter<VBuffer<float>> getEmbedding = cursor.GetGetter<VBuffer<float>>(embeddingColumn);
        Func<string> getPerson = NameColumn.CreateGetter(cursor, labelColumn);
        Func<string>? getSource = sourceColumn is { } source ? NameColumn.CreateGetter(cursor, source) : null;
        var faces = new List<FaceToEnroll>();
        int unusable = 0;
        VBuffer<float> buffer = default;
        while (cursor.MoveNext())
        {
            getEmbedding(ref buffer);
            float[] embedding = [.. buffer.DenseValues()];
            string person = getPerson();
            if (!string.IsNullOrWhiteSpace(person) && UnitVectors.HasDirection(embedding))
            {
                faces.Add(new FaceToEnroll(person, embedding) { Source = getSource?.Invoke() });
            }
            else
            {
                unusable++;
            }
        }

        return (faces, unusable);
    }
}
