using System.ComponentModel;

namespace Microsoft.ML.ArcFace;

/// <summary>Spells <see cref="FaceToEnroll"/> as programs did before the names became American.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record FaceToEnrol : FaceToEnroll
{
    /// <summary>Makes a photograph of a vector, as <see cref="FaceToEnroll(string, float[])"/>.</summary>
    /// <param name="PersonId">Who it is.</param>
    /// <param name="Embedding">The face's embedding.</param>
    public FaceToEnrol(string PersonId, float[] Embedding)
        : base(PersonId, Embedding)
    {
    }
}

/// <summary>Keeps programs compiling that enroll by the older spelling; new ones call the methods with two l.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class OlderGallerySpelling
{
    /// <summary>Enrolls a vector from elsewhere; new programs call Enroll.</summary>
    /// <param name="gallery">The gallery.</param>
    /// <param name="personId">Who it is.</param>
    /// <param name="embedding">The face's embedding.</param>
    /// <param name="name">What to call the person.</param>
    /// <param name="source">Where the photograph comes from.</param>
    public static GalleryPhotograph Enrol(this FaceGallery gallery, string personId, float[] embedding, string? name = null, string? source = null)
    {
        ArgumentNullException.ThrowIfNull(gallery);
        return gallery.Enroll(personId, embedding, name, source).Photograph;
    }

    /// <summary>Calls <see cref="FaceGallery.Enroll(IReadOnlyCollection{FaceToEnroll})"/>.</summary>
    /// <param name="gallery">The gallery.</param>
    /// <param name="faces">Photographs of one person or several.</param>
    public static IReadOnlyList<GalleryPhotograph> Enrol(this FaceGallery gallery, IReadOnlyCollection<FaceToEnroll> faces)
    {
        ArgumentNullException.ThrowIfNull(gallery);
        return [.. gallery.Enroll(faces).Select(result => result.Photograph)];
    }

    /// <summary>Calls <see cref="IFaceGallery.EnrollAsync"/>.</summary>
    /// <param name="gallery">The gallery.</param>
    /// <param name="faces">One photograph or more.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    public static async Task<IReadOnlyList<GalleryPhotograph>> EnrolAsync(this IFaceGallery gallery, IReadOnlyCollection<FaceToEnroll> faces, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(gallery);
        return [.. (await gallery.EnrollAsync(faces, cancellationToken: cancellationToken).ConfigureAwait(false)).Select(result => result.Photograph)];
    }
}
