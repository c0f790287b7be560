using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Reads what pairs compare from a view, in one pass over each column.</summary>
internal static class ComparedRows
{
    /// <summary>Reads the embeddings of the pictures that pairs name, and compares them.</summary>
    /// <param name="environment">For errors.</param>
    /// <param name="data">The embeddings.</param>
    /// <param name="pairs">The pairs.</param>
    /// <param name="embeddingColumnName">The column of embeddings.</param>
    /// <param name="imageColumnName">The column of the names that the pairs use.</param>
    /// <param name="labelColumnName">The column that says who it is; null: Label, if there is one.</param>
    /// <param name="check">Refuses pairs before their pictures are embedded, which may take hours: which are of the same person, and their folds.</param>
    public static ComparedPairs Read(
        IHostEnvironment environment, IDataView data, IEnumerable<FacePair> pairs, string embeddingColumnName, string imageColumnName, string? labelColumnName, Action<bool[], int[]> check)
    {
        environment.CheckValue(data, nameof(data));
        environment.CheckValue(pairs, nameof(pairs));
        environment.CheckNonWhiteSpace(embeddingColumnName, nameof(embeddingColumnName));
        environment.CheckNonWhiteSpace(imageColumnName, nameof(imageColumnName));

        // A list of pairs need not hold them in memory; millions of template pairs are made when asked for.
        IReadOnlyList<FacePair> all = pairs as IReadOnlyList<FacePair> ?? [.. pairs];
        HashSet<string> wanted = PairedPictures.Wanted(all);
        check([.. all.Select(pair => pair.IsSamePerson)], [.. all.Select(pair => pair.Fold)]);
        all = PairedRows.Find(environment, data, all, wanted, imageColumnName);
        Dictionary<string, string> people = LabelColumn(environment, data, labelColumnName) is { } label ? PictureColumn.Read(environment, data, wanted.Contains, label, imageColumnName) : [];
        ComparedPairs compared = ComparedPairs.Of(all, PictureEmbeddings.Read(environment, data, wanted, embeddingColumnName, imageColumnName));

        EmbeddingOrigin? origin = EmbeddingOrigin.Of(InputColumn.FindEmbedding(environment, data, embeddingColumnName));
        IReadOnlyList<string>? trainedOn = people.Count == 0 ? null : TrainedPeople.Find(origin, people.Select(picture => (picture.Value, compared.Embeddings[picture.Key])));
        TrainedPeopleLog.Write(environment, "Evaluation of pairs", trainedOn);
        return compared with { Threshold = origin?.Threshold, TrainedOnPeople = trainedOn };
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
