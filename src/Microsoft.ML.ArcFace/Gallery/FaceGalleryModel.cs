using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>The model whose embeddings a gallery keeps: vectors of another one mean something else and are refused.</summary>
/// <param name="Fingerprint">What tells the embedding from others, as <see cref="FaceEmbeddingTransformer.Fingerprint"/>; not empty.</param>
/// <param name="EmbeddingSize">Numbers in an embedding, 1 to 8192.</param>
/// <param name="Threshold">The model's calibrated threshold; null: none, so that identifying takes a threshold of one's own.</param>
public sealed record FaceGalleryModel(string Fingerprint, int EmbeddingSize, VerificationThreshold? Threshold = null)
{
    /// <summary>Numbers in an embedding at most.</summary>
    private const int MostNumbers = 8192;

    /// <summary>Every violated range, as a sentence with value, allowed range and remedy.</summary>
    internal IReadOnlyList<string> Violations()
    {
        var check = new OptionsCheck();
        check.That(!string.IsNullOrEmpty(Fingerprint), $"{nameof(Fingerprint)} is empty; give what tells the model from others, such as FaceEmbeddingTransformer.Fingerprint.");
        check.That(Fingerprint is null || Names.UnicodeNames.IllFormedAt(Fingerprint) is null, $"{nameof(Fingerprint)} has half a surrogate pair, which no file can keep; give well-formed Unicode.");
        check.InRange(EmbeddingSize, 1, MostNumbers);
        return check.Violations;
    }
}
