using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Duplicates;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>What counts as the same photograph, and where the data have it.</summary>
public sealed record DuplicateOptions
{
    /// <summary>The text column that names a photograph in the result.</summary>
    public string NameColumnName { get; init; } = FaceFolder.RelativePathColumn;

    /// <summary>The column that says who it is, text or a key; null: labels are not compared.</summary>
    public string? LabelColumnName { get; init; } = "Label";

    /// <summary>
    /// The column of the photographs: paths, encoded bytes (Vector&lt;Byte&gt;) or images. They are compared by their bytes (SHA-256)
    /// and by what they look like. Null: not by these, and no photograph is opened.
    /// </summary>
    public string? ImageColumnName { get; init; } = "ImagePath";

    /// <summary>A column of embeddings of one model; null: they are not compared, as before there is a model.</summary>
    public string? EmbeddingColumnName { get; init; } = "Embedding";

    /// <summary>
    /// Bits of the 256 of the perceptual hash that may differ, 0 to 96. Default 40: aligned faces that were compressed, resized or
    /// lightened anew differ by less, those of other photographs by more (docs/evaluation.md has what was measured).
    /// </summary>
    public int MaximumHashDistance { get; init; } = 40;

    /// <summary>
    /// Embeddings are near-identical from this cosine on, over 0 and up to 1. Default 0.98. It depends on the model: look at what
    /// is found, for a strong model brings different photographs of one person close, too.
    /// </summary>
    public double MinimumCosine { get; init; } = 0.98;

    /// <summary>Pairs that the result lists, 1 to 1,000,000: the most alike. All are counted. Default 1,000.</summary>
    public int MaximumPairs { get; init; } = 1_000;

    internal IReadOnlyList<string> Violations()
    {
        var check = new OptionsCheck();
        check.Name(NameColumnName);
        check.OptionalName(LabelColumnName);
        check.OptionalName(ImageColumnName);
        check.OptionalName(EmbeddingColumnName);
        check.That(ImageColumnName is not null || EmbeddingColumnName is not null, $"{nameof(ImageColumnName)} and {nameof(EmbeddingColumnName)} are both null; name one of them, or there is nothing to compare.");
        check.InRange(MaximumHashDistance, 0, 96);
        check.That(MinimumCosine is > 0 and <= 1, FormattableString.Invariant($"{nameof(MinimumCosine)} is {MinimumCosine}; it must be over 0 and up to 1."));
        check.InRange(MaximumPairs, 1, 1_000_000);
        return check.Violations;
    }

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(DuplicateOptions), PrintMembers);
}
