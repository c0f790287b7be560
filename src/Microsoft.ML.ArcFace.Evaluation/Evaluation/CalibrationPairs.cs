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
    public IReadOnlyList<string>? TrainedOnPeople { get; init; }

    /// <summary>Compares pictures whose embeddings and people are at hand.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="embeddings">The embedding of each picture that a pair names.</param>
    /// <param name="people">Whom each of them shows.</param>
    /// <param name="trainedOn">The people among them whom the model was trained on; null where it cannot be told.</param>
    public static CalibrationPairs Of(
        IReadOnlyList<FacePair> pairs, IReadOnlyDictionary<string, float[]> embeddings, IReadOnlyDictionary<string, string> people, IReadOnlyList<string>? trainedOn)
    {
        ComparedPairs compared = ComparedPairs.Of(pairs, embeddings);
        Dictionary<string, int> indexOf = people.Values.Distinct(StringComparer.Ordinal).Index().ToDictionary(person => person.Item, person => person.Index, StringComparer.Ordinal);
        return new CalibrationPairs(
            pairs.Index().Where(pair => !pair.Item.IsSamePerson).Select(pair => new ImpostorPair(compared.Cosines[pair.Index], indexOf[people[pair.Item.First]], indexOf[people[pair.Item.Second]])),
            compared.Cosines.Where((_, i) => compared.IsSame[i]),
            indexOf.Count)
        {
            TrainedOnPeople = trainedOn,
        };
    }

    /// <summary>Takes pairs whose cosines and people are at hand.</summary>
    /// <exception cref="ArgumentException">The lists differ in length, or a cosine is outside of −1 to 1.</exception>
    public static CalibrationPairs Of(IReadOnlyList<double> cosines, IReadOnlyList<(string First, string Second)> people)
    {
        if (cosines.Count != people.Count)
        {
            throw new ArgumentException($"There are {cosines.Count} cosines and the people of {people.Count} pairs; each pair needs one of both.", nameof(cosines));
        }

        VerificationEvaluator.CheckCosines(cosines);
        Dictionary<string, int> indexOf = people.SelectMany(pair => new[] { pair.First, pair.Second }).Distinct(StringComparer.Ordinal)
            .Index().ToDictionary(person => person.Item, person => person.Index, StringComparer.Ordinal);
        return new CalibrationPairs(
            people.Zip(cosines).Where(pair => pair.First.First != pair.First.Second).Select(pair => new ImpostorPair(pair.Second, indexOf[pair.First.First], indexOf[pair.First.Second])),
            people.Zip(cosines).Where(pair => pair.First.First == pair.First.Second).Select(pair => pair.Second),
            indexOf.Count);
    }

    /// <summary>What a pair says must be what its labels say; a wrong one among the nearest impostors would raise the threshold.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="people">Whom each picture shows; empty: nobody knows.</param>
    /// <param name="where">Where the labels stand, for the message, such as "the column 'Label'".</param>
    /// <exception cref="InvalidOperationException">A picture has no label, or a pair contradicts the labels.</exception>
    public static void CheckLabels(IReadOnlyList<FacePair> pairs, IReadOnlyDictionary<string, string> people, string where)
    {
        if (people.FirstOrDefault(picture => picture.Value.Length == 0) is { Key: { } unlabelled })
        {
            throw new InvalidOperationException(
                $"The picture '{unlabelled}' has no label in {where}; the interval of a threshold takes to know who it is. Give it a label, or leave its pairs out.");
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
