using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>A pair of different people.</summary>
/// <param name="Cosine">Of their embeddings.</param>
/// <param name="First">The one, 0 to the number of people.</param>
/// <param name="Second">The other.</param>
internal readonly record struct ImpostorPair(double Cosine, int First, int Second);

/// <summary>What a threshold is calibrated on: the impostor pairs by falling cosine, the genuine pairs' cosines rising.</summary>
internal sealed class CalibrationPairs
{
    public CalibrationPairs(IEnumerable<ImpostorPair> impostors, IEnumerable<double> genuine, int personCount)
    {
        Impostors = [.. impostors.OrderByDescending(pair => pair.Cosine)];
        Genuine = [.. genuine.Order()];
        PersonCount = personCount;
    }

    public ImpostorPair[] Impostors { get; }

    public double[] Genuine { get; }

    public int PersonCount { get; }

    /// <summary>The people among them whom the model was trained on; null where it cannot be told.</summary>
    public IReadOnlyList<string>? TrainedOnPeople { get; private init; }

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
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        int impostorCount = 0;
        for (int i = 0; i < all.Count; i++)
        {
            FacePair pair = all[i] ?? throw new ArgumentException($"Pair {i} (from 0) is null.", nameof(pairs));
            impostorCount += pair.IsSamePerson ? 0 : 1;
            wanted.Add(pair.First);
            wanted.Add(pair.Second);
        }

        // Before the embeddings, which may take hours.
        ThresholdCalibrator.Check(targetFalseMatchRate, all.Count - impostorCount, impostorCount);
        all = PairedPictures.Find(environment, data, all, wanted, imageColumnName);
        Dictionary<string, string> people = PictureColumn.Read(environment, data, wanted.Contains, labelColumnName, imageColumnName);
        Dictionary<string, int> indexOf = people.Values.Distinct(StringComparer.Ordinal).Index().ToDictionary(person => person.Item, person => person.Index, StringComparer.Ordinal);
        CheckLabels(all, people, labelColumnName);
        Dictionary<string, float[]> embeddings = PictureEmbeddings.Read(environment, data, wanted, embeddingColumnName, imageColumnName);

        IReadOnlyList<string>? trainedOn = TrainedPeople.Find(
            InputColumn.FindEmbedding(environment, data, embeddingColumnName), people.Select(picture => (picture.Value, embeddings[picture.Key])));
        if (trainedOn is { Count: > 0 } && !allowTrainingPeople)
        {
            throw new TrainingPeopleException(trainedOn, indexOf.Count);
        }

        TrainedPeople.Warn(environment, "Calibration", trainedOn);
        return new CalibrationPairs(
            all.Where(pair => !pair.IsSamePerson).Select(pair => new ImpostorPair(Cosine(pair), indexOf[people[pair.First]], indexOf[people[pair.Second]])),
            all.Where(pair => pair.IsSamePerson).Select(Cosine),
            indexOf.Count)
        {
            TrainedOnPeople = trainedOn,
        };

        double Cosine(FacePair pair) => UnitVectors.Cosine(embeddings[pair.First], embeddings[pair.Second]);
    }

    /// <summary>What a pair says must be what its labels say; a wrong one among the nearest impostors would raise the threshold.</summary>
    private static void CheckLabels(IReadOnlyList<FacePair> pairs, Dictionary<string, string> people, string labelColumnName)
    {
        if (people.FirstOrDefault(picture => picture.Value.Length == 0) is { Key: { } unlabelled })
        {
            throw new InvalidOperationException(
                $"The picture '{unlabelled}' has no label in the column '{labelColumnName}'; the interval of a threshold takes to know who it is. Give it a label, or leave its pairs out.");
        }

        foreach (FacePair pair in pairs)
        {
            // A picture that is absent from the data is told of with the embeddings.
            if (people.TryGetValue(pair.First, out string? first) && people.TryGetValue(pair.Second, out string? second) && pair.IsSamePerson != (first == second))
            {
                throw new InvalidOperationException(
                    $"The pair '{pair.First}' and '{pair.Second}' is said to show {(pair.IsSamePerson ? "the same person" : "different people")}, but the labels are '{first}' and '{second}'. Correct the labels or the pair.");
            }
        }
    }
}
