using System.Globalization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Reads from a view what a threshold is calibrated on.</summary>
internal static class CalibrationRows
{
    /// <summary>An angle of 2.6 degrees. Models that tell people apart do not put strangers so near.</summary>
    private const double CosineOfTheSamePlace = 0.999;

    /// <summary>Says plainly that a threshold is of no use where a model puts everybody in one place, as after too little training or one that diverged.</summary>
    public static void WarnIfAllAreAlike(IHostEnvironment environment, VerificationThreshold threshold)
    {
        if (threshold.Cosine >= CosineOfTheSamePlace)
        {
            using IChannel channel = environment.Start("Calibration");
            channel.Warning(string.Create(CultureInfo.InvariantCulture,
                $"The threshold is a cosine of {threshold.Cosine:0.000000}, which means that the model embeds different people in nearly the same place and hardly tells anybody apart. Do not use it: train the model longer or on more people, and calibrate again."));
        }
    }

    /// <summary>Embeds and labels what the pairs name, in one pass for each.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="TrainingPeopleException">The model was trained on some of the people, and that is not allowed.</exception>
    /// <exception cref="InvalidOperationException">Too few pairs; pictures without embedding or label; a pair contradicts the labels.</exception>
    public static CalibrationPairs Read(
        IHostEnvironment environment, IDataView data, IEnumerable<FacePair> pairs, double targetFalseMatchRate, string labelColumnName, string embeddingColumnName, string imageColumnName,
        bool allowTrainingPeople)
    {
        environment.CheckValue(data, nameof(data));
        environment.CheckValue(pairs, nameof(pairs));
        environment.CheckNonWhiteSpace(labelColumnName, nameof(labelColumnName));
        environment.CheckNonWhiteSpace(embeddingColumnName, nameof(embeddingColumnName));
        environment.CheckNonWhiteSpace(imageColumnName, nameof(imageColumnName));
        IReadOnlyList<FacePair> all = pairs as IReadOnlyList<FacePair> ?? [.. pairs];
        HashSet<string> wanted = PairedPictures.Wanted(all);
        int genuineCount = all.Count(pair => pair.IsSamePerson);

        // Before the embeddings, which may take hours.
        ThresholdCalibrator.Check(targetFalseMatchRate, genuineCount, all.Count - genuineCount);
        all = PairedRows.Find(environment, data, all, wanted, imageColumnName);
        Dictionary<string, string> people = PictureColumn.Read(environment, data, wanted.Contains, labelColumnName, imageColumnName);
        CalibrationPairs.CheckLabels(all, people, $"the column '{labelColumnName}'");
        Dictionary<string, float[]> embeddings = PictureEmbeddings.Read(environment, data, wanted, embeddingColumnName, imageColumnName);

        IReadOnlyList<string>? trainedOn = TrainedPeople.Find(
            EmbeddingOrigin.Of(InputColumn.FindEmbedding(environment, data, embeddingColumnName)), people.Select(picture => (picture.Value, embeddings[picture.Key])));
        if (trainedOn is { Count: > 0 } && !allowTrainingPeople)
        {
            throw new TrainingPeopleException(trainedOn, people.Values.Distinct(StringComparer.Ordinal).Count());
        }

        TrainedPeopleLog.Write(environment, "Calibration", trainedOn);
        return CalibrationPairs.Of(all, embeddings, people, trainedOn);
    }
}
