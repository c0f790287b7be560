namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Holds the model that made an embedding against the one whose embeddings a gallery keeps.</summary>
internal static class ModelCheck
{
    /// <summary>The fingerprint of a vector that does not say which model made it.</summary>
    public const string Unsaid = "";

    /// <exception cref="ArgumentException">The embedding does not say which model made it, and the gallery takes only those that do.</exception>
    /// <exception cref="FaceGalleryException">Another model made it.</exception>
    public static void ThrowIfOfAnother(string what, FaceEmbedding embedding, FaceGalleryModel model, string parameterName)
    {
        if (string.IsNullOrEmpty(embedding.Fingerprint))
        {
            if (!model.AcceptsBareVectors)
            {
                throw new ArgumentException(
                    $"{what} does not say which model made it, and this gallery takes only embeddings that do, so that none of another model is compared unnoticed. " +
                    $"Give the {nameof(FaceEmbedding)} that FaceEmbedder.Embed returns, or, for a vector that you know to be of the gallery's model, gallery.Model.Embedding(vector).", parameterName);
            }
        }
        else if (embedding.Fingerprint != model.Fingerprint)
        {
            throw Mismatch($"{what} is of the model", embedding.Fingerprint, model);
        }
    }

    /// <summary>Names both models, and what to do.</summary>
    /// <param name="beginning">The sentence up to the name of the other model.</param>
    /// <param name="fingerprint">The other model.</param>
    /// <param name="model">The gallery's.</param>
    public static FaceGalleryException Mismatch(string beginning, string fingerprint, FaceGalleryModel model)
    {
        (string given, string kept) = Shortened(fingerprint, model.Fingerprint);
        return new FaceGalleryException(FaceGalleryProblem.OtherModel,
            $"{beginning} {given}, and the gallery keeps those of {kept}. Embeddings of different models cannot be compared: " +
            "embed the photograph with the gallery's model, or enroll the photographs again in a gallery for the other one.");
    }

    /// <summary>Shortens fingerprints for a message, as long as they can still be told apart.</summary>
    public static (string First, string Second) Shortened(string first, string second)
    {
        (string First, string Second) cut = (Cut(first), Cut(second));
        return cut.First == cut.Second ? (first, second) : cut;

        static string Cut(string fingerprint) => fingerprint.Length <= 12 ? fingerprint : $"{fingerprint[..12]}…";
    }
}
