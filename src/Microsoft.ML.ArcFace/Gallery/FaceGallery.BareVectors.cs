using Microsoft.ML.ArcFace.Gallery;

namespace Microsoft.ML.ArcFace;

// Vectors that do not say which model made them; the gallery takes them where FaceGalleryModel.AcceptsBareVectors says so.
public sealed partial class FaceGallery
{
    /// <summary>Adds a photograph by a vector from elsewhere; otherwise as <see cref="Enroll(string, FaceEmbedding, string?, string?, bool)"/>.</summary>
    /// <param name="personId">Who it is.</param>
    /// <param name="vector">The face's embedding, of any length but zero, by the model that was named when the gallery was opened.</param>
    /// <param name="name">What to call the person; null: as they are called already, or by their id if they are new.</param>
    /// <param name="source">Where the photograph comes from, such as a file's path; null: not said.</param>
    /// <param name="replaceSameSource">Whether the person's older photographs of the same source give way to it. Default false: both stay.</param>
    /// <exception cref="ArgumentException">The face cannot be kept, or <see cref="FaceGalleryModel.AcceptsBareVectors"/> of the gallery's model is false.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be written; nothing was added.</exception>
    public FaceEnrollment Enroll(string personId, float[] vector, string? name = null, string? source = null, bool replaceSameSource = false) =>
        Enroll(personId, Bare(vector), name, source, replaceSameSource);

    /// <summary>Finds the people who are nearest to a vector from elsewhere; otherwise as <see cref="Search(FaceEmbedding, int)"/>.</summary>
    /// <param name="vector">The face's embedding, of any length but zero, by the model that was named when the gallery was opened.</param>
    /// <param name="count">How many people, 1 or more.</param>
    /// <exception cref="ArgumentException">The vector has another size than the gallery's, or no direction; or <see cref="FaceGalleryModel.AcceptsBareVectors"/> of its model is false.</exception>
    /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
    public IReadOnlyList<FaceCandidate> Search(float[] vector, int count = 5) => Search(Bare(vector), count);

    /// <summary>Says who a vector from elsewhere is; otherwise as <see cref="Identify(FaceEmbedding)"/>.</summary>
    /// <param name="vector">The face's embedding, of any length but zero, by the model that was named when the gallery was opened.</param>
    /// <exception cref="ArgumentException">The vector has another size than the gallery's, or no direction; or <see cref="FaceGalleryModel.AcceptsBareVectors"/> of its model is false.</exception>
    /// <exception cref="InvalidOperationException">The model has no threshold, and none is set.</exception>
    /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
    public FaceIdentification Identify(float[] vector) => Identify(Bare(vector));

    private static FaceEmbedding Bare(float[] vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        return new FaceEmbedding(vector, ModelCheck.Unsaid);
    }
}
