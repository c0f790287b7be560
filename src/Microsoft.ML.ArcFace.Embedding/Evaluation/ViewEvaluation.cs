using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Evaluates the columns of a view: reads them in one pass for each, and leaves the arithmetic to the evaluators of plain vectors.</summary>
internal static class ViewEvaluation
{
    /// <summary>Judges pairs by the published protocol.</summary>
    public static VerificationMetrics Verification(
        IHostEnvironment environment, IDataView data, IEnumerable<FacePair> pairs, string embeddingColumnName, string imageColumnName, string? labelColumnName = null) =>
        VerificationEvaluator.Evaluate(ComparedRows.Read(
            environment, data, pairs, embeddingColumnName, imageColumnName, labelColumnName, check: (isSame, folds) => VerificationEvaluator.CheckFolds(isSame, folds)));

    /// <summary>Embeds and groups what the pairs name.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind, or the threshold or a count out of its range.</exception>
    /// <exception cref="InvalidOperationException">Pictures are absent or have no usable embedding, or no picture has a group.</exception>
    public static GroupMetrics Groups(
        IHostEnvironment environment, IDataView data, IEnumerable<FacePair> pairs, double cosine, int leastGenuine, int leastImpostor,
        string groupColumnName, string embeddingColumnName, string imageColumnName)
    {
        GroupEvaluator.CheckThreshold(cosine);
        environment.CheckValue(data, nameof(data));
        environment.CheckNonWhiteSpace(groupColumnName, nameof(groupColumnName));
        NameColumn.Find(environment, data, groupColumnName);
        ComparedPairs compared = ComparedRows.Read(
            environment, data, pairs, embeddingColumnName, imageColumnName, labelColumnName: null, check: (isSame, _) => GroupEvaluator.CheckPairs(isSame.Length));
        Dictionary<string, string> groupOf = PictureColumn.Read(environment, data, compared.Embeddings.ContainsKey, groupColumnName, imageColumnName);
        return groupOf.Values.Any(group => group.Length > 0)
            ? GroupEvaluator.Evaluate(compared, groupOf, cosine, leastGenuine, leastImpostor)
            : throw new InvalidOperationException($"None of the {compared.Embeddings.Count} pictures that the pairs name has a value in the column '{groupColumnName}'. Say which group each belongs to.");
    }

    /// <summary>Searches each probe in a gallery.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">A row has no label or embedding, embeddings differ in size, or no probe is mated.</exception>
    public static IdentificationMetrics Identification(IHostEnvironment environment, IDataView probes, IDataView gallery, string labelColumnName, string embeddingColumnName)
    {
        (string Person, float[] Embedding)[] searched = Read(probes, nameof(probes)), known = Read(gallery, nameof(gallery));
        IReadOnlyList<string>? trainedOn = TrainedPeople.Find(EmbeddingOrigin.Of(InputColumn.FindEmbedding(environment, gallery, embeddingColumnName)), searched.Concat(known));
        IdentificationMetrics metrics = IdentificationEvaluator.Evaluate(searched, known, trainedOn);
        TrainedPeopleLog.Write(environment, "Evaluation of searches", trainedOn);
        return metrics;

        (string, float[])[] Read(IDataView data, string name)
        {
            environment.CheckValue(data, name);
            (List<(string Person, float[] Embedding)> rows, int unusable) = LabelledEmbeddings.Read(environment, data, labelColumnName, embeddingColumnName);
            return unusable == 0
                ? [.. rows]
                : throw new InvalidOperationException(
                    $"{unusable} of the {rows.Count + unusable} rows of the {name} have no label, or an embedding that is zero or not a number. " +
                    "Pictures that cannot be read give such embeddings; replace them, or leave their rows out.");
        }
    }

    /// <summary>Measures angles between photographs, people and class centers.</summary>
    /// <exception cref="InvalidOperationException">Fewer than two people, or embeddings of another size than the centers.</exception>
    public static AngleMetrics Angles(
        IHostEnvironment environment, IDataView data, IReadOnlyList<ClassCenter>? centers, string labelColumnName, string embeddingColumnName)
    {
        (List<(string Person, float[] Embedding)> rows, int unusable) = LabelledEmbeddings.Read(environment, data, labelColumnName, embeddingColumnName);
        return AngleEvaluator.Evaluate(rows, unusable, centers);
    }
}
