namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Pairs of pictures with the cosines of their embeddings; number i of each list belongs to pair i.</summary>
internal sealed record ComparedPairs(
    IReadOnlyList<FacePair> Pairs, bool[] IsSame, int[] Folds, double[] Cosines, IReadOnlyDictionary<string, float[]> Embeddings)
{
    /// <summary>The threshold of the model that made the embeddings; null where there is none, or the model is not known.</summary>
    public VerificationThreshold? Threshold { get; init; }

    /// <summary>The people among them whom the model was trained on; null where it cannot be told.</summary>
    public IReadOnlyList<string>? TrainedOnPeople { get; init; }

    /// <summary>Compares pictures whose embeddings are at hand.</summary>
    /// <param name="pairs">The pairs, by the names of <paramref name="embeddings"/>.</param>
    /// <param name="embeddings">The embedding of each picture that a pair names.</param>
    /// <exception cref="ArgumentException">The embeddings of a pair differ in length, or one has no direction.</exception>
    public static ComparedPairs Of(IReadOnlyList<FacePair> pairs, IReadOnlyDictionary<string, float[]> embeddings)
    {
        (double[] cosines, bool[] isSame, int[] folds) = (new double[pairs.Count], new bool[pairs.Count], new int[pairs.Count]);
        for (int i = 0; i < pairs.Count; i++)
        {
            FacePair pair = pairs[i];
            (isSame[i], folds[i]) = (pair.IsSamePerson, pair.Fold);
            cosines[i] = VerificationEvaluator.Cosine(embeddings[pair.First], embeddings[pair.Second], i);
        }

        return new ComparedPairs(pairs, isSame, folds, cosines, embeddings);
    }
}
