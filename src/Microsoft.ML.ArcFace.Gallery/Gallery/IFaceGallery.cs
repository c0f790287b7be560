using Microsoft.ML.ArcFace.Gallery;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// People who can be found again by their faces, wherever they are kept: in one file (<see cref="FaceGallery"/>), in a vector
/// store, in a database. Everything can be used by many callers at once.
/// </summary>
public interface IFaceGallery : IAsyncDisposable
{
    /// <summary>The model whose embeddings it keeps.</summary>
    FaceGalleryModel Model { get; }

    /// <summary>How many vectors a face is compared with.</summary>
    /// <param name="cancellationToken">Stops waiting for it.</param>
    ValueTask<int> CountVectorsAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Adds photographs, all or none. People who are not there yet come in with their first one; a photograph that its person
    /// has already changes nothing.
    /// </summary>
    /// <param name="faces">One photograph or more, of one person or several.</param>
    /// <param name="replaceSameSource">Whether a person's older photographs of the same source give way to a new one. Default false: both stay.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>What became of each photograph, in the same order.</returns>
    /// <exception cref="ArgumentException">A face cannot be kept; the message says which and why.</exception>
    /// <exception cref="FaceGalleryException">Another model made an embedding, or the gallery cannot be written; nothing was added.</exception>
    Task<IReadOnlyList<FaceEnrollment>> EnrollAsync(IReadOnlyCollection<FaceToEnroll> faces, bool replaceSameSource = false, CancellationToken cancellationToken = default);

    /// <summary>Puts photographs in the place of all that a person has, in one step.</summary>
    /// <param name="personId">Who.</param>
    /// <param name="faces">Their photographs from now on, at least one.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>The photographs as they are kept, in the same order.</returns>
    /// <exception cref="ArgumentException">There is no such person, no photograph, one of somebody else, or one that cannot be kept.</exception>
    /// <exception cref="FaceGalleryException">Another model made an embedding, or the gallery cannot be written; nothing was changed.</exception>
    Task<IReadOnlyList<GalleryPhotograph>> ReplacePhotographsAsync(string personId, IReadOnlyCollection<FaceToEnroll> faces, CancellationToken cancellationToken = default);

    /// <summary>Calls a person by another name.</summary>
    /// <param name="personId">Who.</param>
    /// <param name="name">The new name, not empty.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>Whether there is such a person.</returns>
    Task<bool> RenameAsync(string personId, string name, CancellationToken cancellationToken = default);

    /// <summary>Removes a person with all photographs.</summary>
    /// <param name="personId">Who.</param>
    /// <param name="cancellationToken">Stops before anything is removed.</param>
    /// <returns>Whether there was such a person.</returns>
    Task<bool> RemoveAsync(string personId, CancellationToken cancellationToken = default);

    /// <summary>Removes one photograph; with the last one goes the person.</summary>
    /// <param name="photographId">Which.</param>
    /// <param name="cancellationToken">Stops before anything is removed.</param>
    /// <returns>Whether there was such a photograph.</returns>
    Task<bool> RemovePhotographAsync(string photographId, CancellationToken cancellationToken = default);

    /// <summary>The person of an id with their photographs; null: there is none.</summary>
    /// <param name="personId">Who.</param>
    /// <param name="cancellationToken">Stops waiting for it.</param>
    Task<GalleryPerson?> FindAsync(string personId, CancellationToken cancellationToken = default);

    /// <summary>Lists everybody in the gallery with their photographs, in an order of the gallery's own.</summary>
    /// <param name="cancellationToken">Stops reading.</param>
    IAsyncEnumerable<GalleryPerson> GetPeopleAsync(CancellationToken cancellationToken = default);

    /// <summary>The people who are nearest to a face, best first, however far they are.</summary>
    /// <param name="embedding">The face's embedding by the gallery's model.</param>
    /// <param name="count">How many people, 1 or more.</param>
    /// <param name="cancellationToken">Stops waiting for it.</param>
    /// <exception cref="ArgumentException">The embedding has another size than the gallery's, or no direction.</exception>
    /// <exception cref="FaceGalleryException">Another model made the embedding (<see cref="FaceGalleryProblem.OtherModel"/>).</exception>
    Task<IReadOnlyList<FaceCandidate>> SearchAsync(FaceEmbedding embedding, int count = 5, CancellationToken cancellationToken = default);

    /// <summary>Who a face is: a person of the gallery, nobody of it, or one of two who are about as near.</summary>
    /// <param name="embedding">The face's embedding by the gallery's model.</param>
    /// <param name="cancellationToken">Stops waiting for it.</param>
    /// <exception cref="ArgumentException">The embedding has another size than the gallery's, or no direction.</exception>
    /// <exception cref="FaceGalleryException">Another model made the embedding (<see cref="FaceGalleryProblem.OtherModel"/>).</exception>
    /// <exception cref="InvalidOperationException">There is no threshold: the model has none, and none was set.</exception>
    Task<FaceIdentification> IdentifyAsync(FaceEmbedding embedding, CancellationToken cancellationToken = default);

    /// <summary>
    /// Tells who the faces of one photograph are. Nobody is on it twice: of several faces that match one person, the nearest keeps the
    /// name (of equally near ones the first), and the others are <see cref="IdentificationOutcome.Ambiguous"/>
    /// (<see cref="FaceIdentification.NearerFace"/>).
    /// </summary>
    /// <param name="faces">The embeddings of its faces by the gallery's model, none or more.</param>
    /// <param name="cancellationToken">Stops waiting for it.</param>
    /// <returns>The answers, in the same order.</returns>
    /// <exception cref="ArgumentException">An embedding has another size than the gallery's, or no direction.</exception>
    /// <exception cref="FaceGalleryException">Another model made an embedding (<see cref="FaceGalleryProblem.OtherModel"/>).</exception>
    /// <exception cref="InvalidOperationException">There is no threshold: the model has none, and none was set.</exception>
    async Task<IReadOnlyList<FaceIdentification>> IdentifyAllAsync(IReadOnlyCollection<FaceEmbedding> faces, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(faces);
        var alone = new List<FaceIdentification>(faces.Count);
        foreach (FaceEmbedding face in faces)
        {
            alone.Add(await IdentifyAsync(face, cancellationToken).ConfigureAwait(false));
        }

        return PhotographIdentification.Resolve(alone);
    }

    /// <summary>Looks at photographs as they would be looked at before they are enrolled; nothing is changed.</summary>
    /// <param name="faces">Photographs of one person or several; in a strict review they stand for their people beside those of the gallery.</param>
    /// <param name="review">How they are looked at.</param>
    /// <param name="limits">The limits of quality; null: those that were measured (<see cref="FaceQualityLimits.Measured"/>).</param>
    /// <param name="cancellationToken">Stops waiting for it.</param>
    /// <returns>What was found of each, in the same order.</returns>
    /// <exception cref="ArgumentException">An embedding has another size than the gallery's, or no direction.</exception>
    /// <exception cref="FaceGalleryException">Another model made an embedding (<see cref="FaceGalleryProblem.OtherModel"/>).</exception>
    async Task<IReadOnlyList<EnrollmentVerdict>> ReviewAsync(
        IReadOnlyCollection<FaceToEnroll> faces, EnrollmentReview review, FaceQualityLimits? limits = null, CancellationToken cancellationToken = default)
    {
        FaceToEnroll[] all = EnrollmentReviewer.Checked(faces, review, Model);
        var verdicts = new List<EnrollmentVerdict>(all.Length);
        bool compares = review == EnrollmentReview.Strict && all.Length > 0;

        // It follows from the model and the size of the gallery, whoever is asked for.
        double? threshold = compares ? await EnrollmentReviewer.ThresholdAsync(this, all[0].Embedding, cancellationToken).ConfigureAwait(false) : null;
        for (int place = 0; place < all.Length; place++)
        {
            bool isKnown = compares && await FindAsync(all[place].PersonId, cancellationToken).ConfigureAwait(false) is not null;
            IReadOnlyList<FaceCandidate> nearest = compares ? await SearchAsync(all[place].Embedding, EnrollmentReviewer.NearestPeople, cancellationToken).ConfigureAwait(false) : [];
            verdicts.Add(EnrollmentReviewer.Judge(all, place, review, limits, isKnown, nearest, threshold));
        }

        return verdicts;
    }

    /// <summary>Adds photographs after a review, all or none.</summary>
    /// <param name="faces">One photograph or more, of one person or several.</param>
    /// <param name="review">How they are looked at before.</param>
    /// <param name="replaceSameSource">Whether a person's older photographs of the same source give way to a new one. Default false: both stay.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>What became of each photograph, in the same order.</returns>
    /// <exception cref="EnrollmentRefusedException">The review refuses a photograph; the message says why and by how much. Nothing was added.</exception>
    /// <exception cref="ArgumentException">A face cannot be kept; the message says which and why.</exception>
    /// <exception cref="FaceGalleryException">Another model made an embedding, or the gallery cannot be written; nothing was added.</exception>
    async Task<IReadOnlyList<FaceEnrollment>> EnrollReviewedAsync(IReadOnlyCollection<FaceToEnroll> faces, EnrollmentReview review, bool replaceSameSource = false, CancellationToken cancellationToken = default)
    {
        EnrollmentReviewer.ThrowIfRefused(await ReviewAsync(faces, review, limits: null, cancellationToken).ConfigureAwait(false));
        return await EnrollAsync(faces, replaceSameSource, cancellationToken).ConfigureAwait(false);
    }
}
