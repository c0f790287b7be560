using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Pairs of pictures with the cosines of their embeddings; number i of each list belongs to pair i.</summary>
internal sealed record ComparedPairs(
    IReadOnlyList<FacePair> Pairs, bool[] IsSame, int[] Folds, double[] Cosines, IReadOnlyDictionary<string, float[]> Embeddings)
{
    /// <summary>The threshold of the model that made the embeddings; null where there is none, or the model is not known.</summary>
    public VerificationThreshold? Threshold { get; private init; }

    /// <summary>The people among them whom the model was trained on; null where it cannot be told.</summary>
    public IReadOnlyList<string>? TrainedOnPeople { get; private init; }

    /// <summary>Reads the embeddings of the pictures that pairs name, in one pass, and compares them.</summary>
    /// <param name="environment">For errors.</param>
    /// <param name="data">The embeddings.</param>
    /// <param name="pairs">The pairs.</param>
    /// <param name="embeddingColumnName">The column of embeddings.</param>
    /// <param name="imageColumnName">The column of the names that the pairs use.</param>
    /// <param name="labelColumnName">The column that says who it is; null: Label, if there is one.</param>
    /// <param name="check">What refuses pairs before their pictures are embedded, which may take hours: which are of the same person, and their folds.</param>
    public static ComparedPairs Read(
        IHostEnvironment environment, IDataView data, IEnumerable<FacePair> pairs, string embeddingColumnName, string imageColumnName, string? labelColumnName, Action<bool[], int[]> check)
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
        Dictionary<string, string> people = LabelColumn(environment, data, labelColumnName) is { } label ? PictureColumn.Read(environment, data, wanted.Contains, label, imageColumnName) : [];
        Dictionary<string, float[]> embeddings = PictureEmbeddings.Read(environment, data, wanted, embeddingColumnName, imageColumnName);
        for (int i = 0; i < all.Count; i++)
        {
            FacePair pair = all[i];
            cosines[i] = VerificationEvaluator.Cosine(embeddings[pair.First], embeddings[pair.Second], i);
        }

        DataViewSchema.Column column = InputColumn.FindEmbedding(environment, data, embeddingColumnName);
        IReadOnlyList<string>? trainedOn = people.Count == 0 ? null : TrainedPeople.Find(column, people.Select(picture => (picture.Value, embeddings[picture.Key])));
        TrainedPeople.Warn(environment, "Evaluation of pairs", trainedOn);
        return new ComparedPairs(all, isSame, folds, cosines, embeddings) { Threshold = EmbeddingOrigin.Of(column)?.Threshold, TrainedOnPeople = trainedOn };
    }

    /// <summary>Finds the column of people. The usual one may be absent, or be something else than names; one that was asked for may not.</summary>
    private static string? LabelColumn(IHostEnvironment environment, IDataView data, string? name)
    {
        const string usual = "Label";
        if (name is not null)
        {
            return NameColumn.Find(environment, data, name).Name;
        }

        return data.Schema.GetColumnOrNull(usual) is { } column && NameColumn.Accepts(column.Type) ? usual : null;
    }
}
