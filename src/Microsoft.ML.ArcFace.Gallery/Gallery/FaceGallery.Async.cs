namespace Microsoft.ML.ArcFace;

// The interface that all galleries share. Searching is computing, and what is written must be on the disk, so the methods
// work on a thread of the pool.
public sealed partial class FaceGallery
{
    /// <inheritdoc/>
    ValueTask<int> IFaceGallery.CountVectorsAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Read(memory => memory.Vectors.Count));

    /// <inheritdoc/>
    Task<IReadOnlyList<FaceEnrollment>> IFaceGallery.EnrollAsync(IReadOnlyCollection<FaceToEnroll> faces, bool replaceSameSource, CancellationToken cancellationToken) =>
        Task.Run(() => Enroll(faces, replaceSameSource), cancellationToken);

    /// <inheritdoc/>
    Task<IReadOnlyList<GalleryPhotograph>> IFaceGallery.ReplacePhotographsAsync(string personId, IReadOnlyCollection<FaceToEnroll> faces, CancellationToken cancellationToken) =>
        Task.Run(() => ReplacePhotographs(personId, faces), cancellationToken);

    /// <inheritdoc/>
    Task<bool> IFaceGallery.RenameAsync(string personId, string name, CancellationToken cancellationToken) => Task.Run(() => Rename(personId, name), cancellationToken);

    /// <inheritdoc/>
    Task<bool> IFaceGallery.RemoveAsync(string personId, CancellationToken cancellationToken) => Task.Run(() => Remove(personId), cancellationToken);

    /// <inheritdoc/>
    Task<bool> IFaceGallery.RemovePhotographAsync(string photographId, CancellationToken cancellationToken) => Task.Run(() => RemovePhotograph(photographId), cancellationToken);

    /// <inheritdoc/>
    Task<GalleryPerson?> IFaceGallery.FindAsync(string personId, CancellationToken cancellationToken) => Task.FromResult(Find(personId));

    /// <inheritdoc/>
    IAsyncEnumerable<GalleryPerson> IFaceGallery.GetPeopleAsync(CancellationToken cancellationToken) => GetPeople().ToAsyncEnumerable();

    /// <inheritdoc/>
    Task<IReadOnlyList<FaceCandidate>> IFaceGallery.SearchAsync(FaceEmbedding embedding, int count, CancellationToken cancellationToken) => Task.Run(() => Search(embedding, count), cancellationToken);

    /// <inheritdoc/>
    Task<FaceIdentification> IFaceGallery.IdentifyAsync(FaceEmbedding embedding, CancellationToken cancellationToken) => Task.Run(() => Identify(embedding), cancellationToken);

    /// <inheritdoc/>
    Task<IReadOnlyList<FaceIdentification>> IFaceGallery.IdentifyAllAsync(IReadOnlyCollection<FaceEmbedding> faces, CancellationToken cancellationToken) => Task.Run(() => IdentifyAll(faces), cancellationToken);

    /// <inheritdoc/>
    ValueTask IAsyncDisposable.DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
