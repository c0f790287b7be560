using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Evaluations of groups.</summary>
public sealed partial class FaceRecognitionCatalog
{
    /// <summary>
    /// The error rates of a threshold within each group of a column, such as an age band or a camera. A rate is named where 100
    /// pairs of its kind are there, for a false match rate 10/target if these are more; otherwise it is null, and says so.
    /// </summary>
    /// <param name="data">Embeddings with the pictures' names in RelativePath, as the pairs have them, and their groups.</param>
    /// <param name="pairs">The pairs; their folds do not matter.</param>
    /// <param name="threshold">The threshold.</param>
    /// <param name="groupColumnName">The column of groups: text or a key.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">Pictures of the pairs are missing or have no usable embedding, or none of them has a group.</exception>
    public GroupMetrics EvaluateGroups(IDataView data, IEnumerable<FacePair> pairs, VerificationThreshold threshold, string groupColumnName)
    {
        _environment.CheckValue(threshold, nameof(threshold));
        return ViewEvaluation.Groups(
            _environment, _observer.Watch(data, ("Embedding", Embedded)), pairs, threshold.Cosine, GroupEvaluator.LeastPairs, GroupEvaluator.LeastImpostorPairs(threshold.TargetFalseMatchRate),
            groupColumnName, "Embedding", FaceFolder.RelativePathColumn);
    }

    /// <summary>As the other overload, at a cosine that was found elsewhere.</summary>
    /// <param name="data">Embeddings with the pictures' relative paths and groups.</param>
    /// <param name="pairs">The pairs, by relative path; their folds do not matter.</param>
    /// <param name="cosine">The threshold, −1 to 1: pairs with a greater cosine are accepted.</param>
    /// <param name="groupColumnName">The column of groups: text or a key.</param>
    /// <param name="embeddingColumnName">A column of embeddings.</param>
    /// <param name="imageColumnName">The text column that the pairs name pictures by.</param>
    /// <param name="leastPairCount">Pairs of a kind that it takes to name a rate, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The threshold or the count is out of its range, or a column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">Pictures of the pairs are missing or have no usable embedding, or none of them has a group.</exception>
    public GroupMetrics EvaluateGroups(
        IDataView data, IEnumerable<FacePair> pairs, double cosine, string groupColumnName = "Group",
        string embeddingColumnName = "Embedding", string imageColumnName = FaceFolder.RelativePathColumn, int leastPairCount = GroupEvaluator.LeastPairs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(leastPairCount, 1);
        return ViewEvaluation.Groups(_environment, _observer.Watch(data, (embeddingColumnName, Embedded)), pairs, cosine, leastPairCount, leastPairCount, groupColumnName, embeddingColumnName, imageColumnName);
    }
}
