using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Grouping;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Sorts photographs of nobody known into people.</summary>
public sealed partial class FaceRecognitionCatalog
{
    /// <summary>
    /// Sorts photographs of nobody known into people (docs/recognition.md), by a threshold that was calibrated for the model that
    /// embedded them. Every face is compared with every other one, so the time grows with the square of their number; the
    /// memory grows with the number. Progress and cancellation are those of <c>ml.FaceRecognition(progress, token)</c>.
    /// </summary>
    /// <param name="data">Embeddings with the photographs' names, such as <c>model.Transform(photographs)</c>. Rows of one name are faces of one photograph, and never become one person.</param>
    /// <param name="threshold">The threshold; null: that of the model (<c>model.WithThreshold</c>), which the column of embeddings tells.</param>
    /// <param name="falseShare">Of the pairs that are alike enough, the share at most that shows different people, as the calibration tells, over 0 and below 1.</param>
    /// <param name="embeddingColumnName">A column of embeddings.</param>
    /// <param name="imageColumnName">The text column that names the photographs.</param>
    /// <returns>The groups; faces are counted as the rows are, and photographs whose embedding is zero are listed as without a face.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind, or the share outside of its range.</exception>
    /// <exception cref="InvalidOperationException">There is no threshold, there are no rows, or embeddings differ in size.</exception>
    public PersonGroups GroupByPerson(
        IDataView data, VerificationThreshold? threshold = null, double falseShare = PersonGrouping.UsualFalseShare, string embeddingColumnName = "Embedding", string imageColumnName = FaceFolder.RelativePathColumn)
    {
        _environment.CheckValue(data, nameof(data));
        DataViewSchema.Column embeddings = InputColumn.FindEmbedding(_environment, data, embeddingColumnName), images = InputColumn.FindText(_environment, data, imageColumnName);
        threshold ??= EmbeddingOrigin.Of(embeddings)?.Threshold ?? throw new InvalidOperationException(
            $"The column '{embeddingColumnName}' tells no threshold to sort by: the model has none, or did not make the embeddings here. Find one with faces.CalibrateThreshold on people whom the model was not trained on, and give it, or keep it with the model by model.WithThreshold(threshold).");
        var faces = new List<FaceToGroup>();
        using (DataViewRowCursor cursor = _observer.Watch(data, (embeddingColumnName, Embedded)).GetRowCursor([embeddings, images]))
        {
            ValueGetter<VBuffer<float>> getEmbedding = cursor.GetGetter<VBuffer<float>>(embeddings);
            Func<string> getImage = NameColumn.CreateGetter(cursor, images);
            VBuffer<float> buffer = default;
            while (cursor.MoveNext())
            {
                getEmbedding(ref buffer);
                faces.Add(new FaceToGroup(getImage(), [.. buffer.DenseValues()]));
            }
        }

        return PersonGrouping.Group(faces, threshold, falseShare, _observer);
    }

    /// <summary>Compares groups with the people whom the rows show: pairs of faces, and BCubed (docs/evaluation.md).</summary>
    /// <param name="data">The rows that were sorted, in the same order.</param>
    /// <param name="groups">The groups of <see cref="GroupByPerson"/>; rows without an embedding count as groups of their own.</param>
    /// <param name="labelColumnName">The column that says who it is: text or a key.</param>
    /// <exception cref="ArgumentOutOfRangeException">The column is absent or of another kind.</exception>
    /// <exception cref="ArgumentException">There are other rows than were sorted, or one has no label.</exception>
    public GroupingMetrics EvaluateGrouping(IDataView data, PersonGroups groups, string labelColumnName = "Label")
    {
        _environment.CheckValue(data, nameof(data));
        _environment.CheckValue(groups, nameof(groups));
        DataViewSchema.Column labels = NameColumn.Find(_environment, data, labelColumnName);
        var people = new List<string>();
        using DataViewRowCursor cursor = data.GetRowCursor([labels]);
        Func<string> getPerson = NameColumn.CreateGetter(cursor, labels);
        while (cursor.MoveNext())
        {
            people.Add(getPerson());
        }

        return GroupingEvaluator.Evaluate(people, groups.GroupOfFace);
    }
}
