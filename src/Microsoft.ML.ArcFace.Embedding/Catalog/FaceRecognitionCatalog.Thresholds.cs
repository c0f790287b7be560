using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Thresholds from data.</summary>
public sealed partial class FaceRecognitionCatalog
{
    /// <summary>
    /// Chooses the threshold at which no more than a given share of the impostor pairs is accepted, with a 95 % interval that
    /// resamples people, and what it costs in genuine pairs (docs/recognition.md). Use people that the model was not trained
    /// on, and photographs as they will come. Keep it with the model: <c>model.WithThreshold(threshold)</c>.
    /// </summary>
    /// <param name="data">Embeddings with the pictures' relative paths and labels, such as <c>model.Transform(test)</c>.</param>
    /// <param name="pairs">The pairs, by relative path, of both kinds; their folds do not matter.</param>
    /// <param name="targetFalseMatchRate">The share of impostor pairs to accept at most, over 0 and below 1; it takes 10/rate of them.</param>
    /// <param name="labelColumnName">The column that says who it is: text or a key.</param>
    /// <param name="embeddingColumnName">A column of embeddings.</param>
    /// <param name="imageColumnName">The text column that the pairs name pictures by.</param>
    /// <param name="seed">Decides the resamples.</param>
    /// <param name="allowTrainingPeople">
    /// Whether people whom the model was trained on are used, with a warning. They look more alike to it than strangers do, so
    /// that a threshold chosen on them lets more strangers pass than it promises; false: they are refused.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is outside of its range, or a column is missing or of another kind.</exception>
    /// <exception cref="TrainingPeopleException">The model was trained on some of the people, as far as its embeddings tell (docs/evaluation.md).</exception>
    /// <exception cref="InvalidOperationException">
    /// There are fewer than 10/rate impostor pairs or no genuine ones, pictures of the pairs are missing or have no label or
    /// no usable embedding, or a pair contradicts the labels; the message says which.
    /// </exception>
    public VerificationThreshold CalibrateThreshold(
        IDataView data,
        IEnumerable<FacePair> pairs,
        double targetFalseMatchRate,
        string labelColumnName = "Label",
        string embeddingColumnName = "Embedding",
        string imageColumnName = FaceFolder.RelativePathColumn,
        int seed = 0,
        bool allowTrainingPeople = false)
    {
        CalibrationPairs read = CalibrationRows.Read(_environment, _observer.Watch(data, (embeddingColumnName, Embedded)), pairs, targetFalseMatchRate, labelColumnName, embeddingColumnName, imageColumnName, allowTrainingPeople);
        VerificationThreshold threshold = ThresholdCalibrator.Calibrate(read, targetFalseMatchRate, seed);
        CalibrationRows.WarnIfAllAreAlike(_environment, threshold);
        return threshold;
    }
}
