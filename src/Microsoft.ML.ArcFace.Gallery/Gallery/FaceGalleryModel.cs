using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>Names the model whose embeddings a gallery keeps: vectors of another one mean something else and are refused.</summary>
/// <param name="Fingerprint">Tells the model from others, as <see cref="FaceEmbedding.Fingerprint"/>; for embeddings from elsewhere a name of your own. Not empty.</param>
/// <param name="EmbeddingSize">Numbers in an embedding, 1 to 8192.</param>
/// <param name="Threshold">The model's calibrated threshold; null: none, so that identifying takes a threshold of one's own.</param>
public sealed record FaceGalleryModel(string Fingerprint, int EmbeddingSize, VerificationThreshold? Threshold = null)
{
    /// <summary>Numbers in an embedding at most.</summary>
    private const int MostNumbers = 8192;

    /// <summary>
    /// Tells whether a gallery takes vectors that do not say which model made them (<c>float[]</c>), as embeddings from elsewhere
    /// do not: by naming the model here you say it once for all of them. Default true; false where the model is one of this
    /// library, whose embeddings say it themselves (<see cref="FaceEmbedding"/>), so that none of another model is taken unnoticed.
    /// </summary>
    public bool AcceptsBareVectors { get; init; } = true;

    /// <summary>Makes an embedding of a vector of which you know that this model made it.</summary>
    /// <param name="vector">The vector, of any length but zero.</param>
    public FaceEmbedding Embedding(float[] vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        return new FaceEmbedding(vector, Fingerprint);
    }

    /// <summary>Every violated range, as a sentence with value, allowed range and remedy.</summary>
    internal IReadOnlyList<string> Violations()
    {
        var check = new OptionsCheck();
        check.That(!string.IsNullOrEmpty(Fingerprint), $"{nameof(Fingerprint)} is empty; give what tells the model from others, such as the fingerprint of its embeddings.");
        check.That(Fingerprint is null || UnicodeNames.IllFormedAt(Fingerprint) is null, $"{nameof(Fingerprint)} has half a surrogate pair, which no file can keep; give well-formed Unicode.");
        check.InRange(EmbeddingSize, 1, MostNumbers);
        return check.Violations;
    }
}
