using Microsoft.ML.ArcFace.Grouping;
using Microsoft.ML.ArcFace.Progress;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Sorts faces of nobody known into people, by a threshold that was calibrated for the model. The member
/// <c>GroupByPerson</c> of <c>ml.FaceRecognition()</c> does the same with the columns of an IDataView.
/// </summary>
public static class FaceGrouping
{
    /// <summary>
    /// Sorts faces into people: each begins as a group of its own, and the two groups with the greatest mean cosine are joined, as
    /// long as there are two whose mean cosine is over the threshold. That is the lowest one at which no more than
    /// <paramref name="falseShare"/> of the pairs over it are expected to show different people, as the calibration tells for so
    /// many faces. Faces of one photograph are never joined. The result depends on the faces and their order alone.
    /// </summary>
    /// <param name="faces">The faces, of one model, at most 1,000,000. Every one is compared with every other.</param>
    /// <param name="threshold">The model's calibration. The threshold is never lower than this one for two photographs.</param>
    /// <param name="falseShare">Of the pairs over the threshold, the share at most that shows different people, over 0 and below 1.</param>
    /// <param name="progress">Is told how far it is; null: nobody is.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="ArgumentException">A face has no name or no vector, vectors differ in length, or there are too many faces.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The share is outside of its range.</exception>
    /// <exception cref="InvalidOperationException">There are no faces.</exception>
    /// <exception cref="OperationCanceledException">It was canceled.</exception>
    public static PersonGroups GroupByPerson(
        IEnumerable<FaceToGroup> faces, VerificationThreshold threshold, double falseShare = PersonGrouping.UsualFalseShare, Action<FaceProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(faces);
        ArgumentNullException.ThrowIfNull(threshold);
        return PersonGrouping.Group([.. faces], threshold, falseShare, new WorkObserver(log: null, progress, cancellationToken));
    }

    /// <summary>Sorts faces into people as the other overload does, by a cosine that was found elsewhere.</summary>
    /// <param name="faces">The faces, of one model, at most 1,000,000.</param>
    /// <param name="cosine">The threshold, −1 to 1: two single faces with a greater cosine are taken for one person, however many faces there are.</param>
    /// <param name="progress">Is told how far it is; null: nobody is.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="ArgumentException">A face has no name or no vector, vectors differ in length, or there are too many faces.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The cosine is outside of its range.</exception>
    /// <exception cref="InvalidOperationException">There are no faces.</exception>
    /// <exception cref="OperationCanceledException">It was canceled.</exception>
    public static PersonGroups GroupByPerson(IEnumerable<FaceToGroup> faces, double cosine, Action<FaceProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(faces);
        if (!(Math.Abs(cosine) <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(cosine), cosine, FormattableString.Invariant($"{nameof(cosine)} is {cosine}; it must be from -1 to 1."));
        }

        return PersonGrouping.Group([.. faces], cosine, new WorkObserver(log: null, progress, cancellationToken));
    }
}
