using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Pairs of pictures with the cosines of their embeddings; number i of each list belongs to pair i.</summary>
internal sealed record ComparedPairs(
    IReadOnlyList<FacePair> Pairs, bool[] IsSame, int[] Folds, double[] Cosines, IReadOnlyDictionary<string, float[]> Embeddings)
{
    /// <summary>Reads the embeddings of the pictures that pairs name, in one pass, and compares them.</summary>
    /// <param name="environment">For errors.</param>
    /// <param name="data">The embeddings.</param>
    /// <param name="pairs">The pairs.</param>
    /// <param name="embeddingColumnName">The column of embeddings.</param>
    /// <param name="imageColumnName">The column of the names that the pairs use.</param>
    /// <param name="check">What refuses pairs before their pictures are embedded, which may take hours: which are of the same person, and their folds.</param>
    public static ComparedPairs Read(
        IHostEnvironment environment, IDataView data, IEnumerable<FacePair> pairs, string embeddingColumnName, string imageColumnName, Action<bool[], int[]> check)
    {
        environment.CheckValue(data, nameof(data));
        environment.CheckValue(pairs, nameof(pairs));
        environment.CheckNonWhiteSpace(embeddingColumnName, nameof(embeddingColumnName));
        environment.CheckNonWhiteSpace(imageColumnName, nameof(imageColumnName));

        // A list of pairs need not hold them in memory; millions of template pairs are made when asked for.
        IReadOnlyList<FacePair> all = pairs as IReadOnlyList<FacePair> ?? [.. pairs];
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        (double[] cosines, bool[] isSame, int[] folds) = (new double[all.Count], new bool[all.Count], new int[all.Count]);
        for (int i = 0; i < all.Count; i++)
        {
            FacePair pair = all[i] ?? throw new ArgumentException($"Pair {i} (from 0) is null.", nameof(pairs));
            (isSame[i], folds[i]) = (pair.IsSamePerson, pair.Fold);
            wanted.Add(pair.First);
            wanted.Add(pair.Second);
        }

        check(isSame, folds);
        all = PairedPictures.Find(environment, data, all, wanted, imageColumnName);
        Dictionary<string, float[]> embeddings = PictureEmbeddings.Read(environment, data, wanted, embeddingColumnName, imageColumnName);
        for (int i = 0; i < all.Count; i++)
        {
            FacePair pair = all[i];
            cosines[i] = VerificationEvaluator.Cosine(embeddings[pair.First], embeddings[pair.Second], i);
        }

        return new ComparedPairs(all, isSame, folds, cosines, embeddings);
    }
}
