using Microsoft.Extensions.Logging;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Gallery;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Recognition;

/// <summary>A view of embeddings, read as photographs to enroll.</summary>
internal sealed class EmbeddingView
{
    /// <summary>Makes the errors about columns.</summary>
    private static readonly IHostEnvironment Environment = new MLContext();

    private int _unusable;

    /// <summary>The rows that can be enrolled.</summary>
    public List<FaceToEnroll> Faces { get; } = [];

    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="ArgumentException">The column does not say which model made it, and the gallery takes only embeddings that do.</exception>
    /// <exception cref="FaceGalleryException">Another model made the embeddings.</exception>
    public static EmbeddingView Read(FaceGalleryModel model, IDataView data, string labelColumnName, string embeddingColumnName, string? sourceColumnName)
    {
        Environment.CheckValue(data, nameof(data));
        Environment.CheckNonWhiteSpace(labelColumnName, nameof(labelColumnName));
        Environment.CheckNonWhiteSpace(embeddingColumnName, nameof(embeddingColumnName));
        DataViewSchema.Column embeddingColumn = InputColumn.FindEmbedding(Environment, data, embeddingColumnName);
        DataViewSchema.Column labelColumn = NameColumn.Find(Environment, data, labelColumnName);
        DataViewSchema.Column? sourceColumn = sourceColumnName is null ? null : NameColumn.Find(Environment, data, sourceColumnName);
        string fingerprint = FingerprintOf(embeddingColumn, model);

        DataViewSchema.Column[] columns = sourceColumn is { } given ? [embeddingColumn, labelColumn, given] : [embeddingColumn, labelColumn];
        using DataViewRowCursor cursor = data.GetRowCursor(columns);
        ValueGetter<VBuffer<float>> getEmbedding = cursor.GetGetter<VBuffer<float>>(embeddingColumn);
        Func<string> getPerson = NameColumn.CreateGetter(cursor, labelColumn);
        Func<string>? getSource = sourceColumn is { } source ? NameColumn.CreateGetter(cursor, source) : null;
        var view = new EmbeddingView();
        VBuffer<float> buffer = default;
        while (cursor.MoveNext())
        {
            getEmbedding(ref buffer);
            float[] vector = [.. buffer.DenseValues()];
            string person = getPerson();
            if (!string.IsNullOrWhiteSpace(person) && UnitVectors.HasDirection(vector))
            {
                view.Faces.Add(new FaceToEnroll(person, new FaceEmbedding(vector, fingerprint)) { Source = getSource?.Invoke() });
            }
            else
            {
                view._unusable++;
            }
        }

        return view;
    }

    /// <summary>Counts what became of the rows, and tells what should be known of them.</summary>
    public EnrollmentSummary Summarize(IReadOnlyList<FaceEnrollment> results, ILogger? log)
    {
        var summary = EnrollmentSummary.Of(results, _unusable);
        if (log is null)
        {
            return summary;
        }

        if (_unusable > 0)
        {
            GalleryLog.Warn(log, $"{_unusable} rows have no label, or an embedding that is zero or not a number, as of a picture that cannot be read; they are not enrolled.");
        }

        if (Faces.Count == 0)
        {
            GalleryLog.Warn(log, "Nobody was enrolled: the data have no row with a label and a usable embedding.");
        }

        if (summary.SameSourceCount > 0)
        {
            GalleryLog.Warn(log, $"{summary.SameSourceCount} new photographs name a source of which their person has another photograph, and both are kept; replaceSameSource puts the new one in its place.");
        }

        return summary;
    }

    /// <summary>Reads which model made a column, and holds it against the gallery's.</summary>
    private static string FingerprintOf(DataViewSchema.Column column, FaceGalleryModel model)
    {
        string? fingerprint = EmbeddingOrigin.FingerprintOf(column);
        return fingerprint is null && !model.AcceptsBareVectors
            ? throw new ArgumentException(
                $"The column '{column.Name}' does not say which model made it, as of rows that come from elsewhere, and this gallery takes only embeddings that do. " +
                "Transform the photographs with the gallery's model; or, if you know that it made these, open the gallery for a model that accepts them: " +
                $"faces.CreateGalleryFor(faces.GetGalleryModel(model) with {{ {nameof(FaceGalleryModel.AcceptsBareVectors)} = true }}).", nameof(column))
            : fingerprint is not null && fingerprint != model.Fingerprint
            ? throw ModelCheck.Mismatch($"The column '{column.Name}' has embeddings of the model", fingerprint, model)
            : fingerprint ?? ModelCheck.Unsaid;
    }
}
