using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>What a report of an evaluation shows beside the pairs.</summary>
public sealed record FaceReportOptions
{
    /// <summary>The heading.</summary>
    public string Title { get; init; } = "Face recognition report";

    /// <summary>A line below the heading; null: none.</summary>
    public string? Description { get; init; }

    /// <summary>The column of embeddings.</summary>
    public string EmbeddingColumnName { get; init; } = "Embedding";

    /// <summary>The text column that the pairs name pictures by.</summary>
    public string NameColumnName { get; init; } = FaceFolder.RelativePathColumn;

    /// <summary>The column that says who it is, text or a key; null: the report has no table of people.</summary>
    public string? LabelColumnName { get; init; } = "Label";

    /// <summary>
    /// The column of the photographs that are shown: paths, encoded bytes (Vector&lt;Byte&gt;) or images; only those of the worst pairs are
    /// opened. Null: the report shows no photographs, and may be passed on where they may not.
    /// </summary>
    public string? ImageColumnName { get; init; } = "ImagePath";

    /// <summary>A column of groups, text or a key, to compare the error rates of; null: none.</summary>
    public string? GroupColumnName { get; init; }

    /// <summary>The threshold that pairs are judged by; null: that of <see cref="Model"/>, or where it has none the cosine of the equal error rate.</summary>
    public VerificationThreshold? Threshold { get; init; }

    /// <summary>The model that embedded the pictures, or a chain with it, to tell what it is; null: the report does not say.</summary>
    public ITransformer? Model { get; init; }

    /// <summary>What the model was trained with, <c>ArcFaceTrainer.Options</c>; null: the report does not say.</summary>
    public ITrainingSettings? TrainerOptions { get; init; }

    /// <summary>How training went, for its curves; null: none.</summary>
    public TrainingHistory? TrainingHistory { get; init; }

    /// <summary>
    /// Searches in a gallery that were evaluated, too; null: each photograph of the pairs is searched for among the first photographs
    /// of all people (1:N), with and without its own person there.
    /// </summary>
    public IdentificationMetrics? Identification { get; init; }

    /// <summary>What else to tell of the data and the run, such as where the photographs come from.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Facts { get; init; } = [];

    /// <summary>The commands that make this result again, a line each.</summary>
    public IReadOnlyList<string> Commands { get; init; } = [];

    /// <summary>Pairs shown of each kind, the worst first and one of any two people, 0 to 200. Default 12.</summary>
    public int WorstPairCount { get; init; } = 12;

    /// <summary>The longest side of a photograph that is shown, 32 to 512 pixels. Default 112.</summary>
    public int PictureSize { get; init; } = 112;

    /// <summary>People in the table, those with the most errors first, 0 to 100,000. The first 20 are shown, the others folded. Default 200.</summary>
    public int PersonCount { get; init; } = 200;

    /// <summary>Photographs on the map of embeddings, a random sample where there are more, 0 to 10,000. Default 1,000.</summary>
    public int MapPointCount { get; init; } = 1_000;

    internal IReadOnlyList<string> Violations()
    {
        var check = new OptionsCheck();
        check.NotNull(Title);
        check.Name(EmbeddingColumnName);
        check.Name(NameColumnName);
        check.OptionalName(LabelColumnName);
        check.OptionalName(ImageColumnName);
        check.OptionalName(GroupColumnName);
        check.NotNull(Facts);
        check.NotNull(Commands);
        check.InRange(WorstPairCount, 0, 200);
        check.InRange(PictureSize, 32, 512);
        check.InRange(PersonCount, 0, 100_000);
        check.InRange(MapPointCount, 0, 10_000);
        return check.Violations;
    }

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceReportOptions), PrintMembers);
}
