using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Gallery;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>A photograph that was checked and may be written.</summary>
/// <param name="PersonId">Who it is.</param>
/// <param name="Name">What to call the person; null: as they are called already, or by their id if they are new.</param>
/// <param name="Photograph">What is known of the photograph.</param>
/// <param name="Vector">Its embedding in unit length.</param>
public sealed record GalleryVector(string PersonId, string? Name, GalleryPhotograph Photograph, float[] Vector);

/// <summary>
/// What galleries in stores of others have in common: checks, the exact comparison of candidates, the open-set decision.
/// Derive from it for a store of your own; everybody is searched by their best photograph.
/// </summary>
public abstract class FaceGalleryBase : IFaceGallery
{
    private readonly IdentificationOptions _options;

    /// <param name="model">The model whose embeddings it keeps.</param>
    /// <param name="options">When a face is taken for a person.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    protected FaceGalleryBase(FaceGalleryModel model, IdentificationOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        OptionsCheck.ThrowIfAny(model.Violations(), nameof(model));
        OptionsCheck.ThrowIfAny(options.Violations(), nameof(options));
        (Model, _options) = (model, options);
    }

    /// <inheritdoc/>
    public FaceGalleryModel Model { get; }

    /// <inheritdoc/>
    public abstract ValueTask<int> CountVectorsAsync(CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<FaceEnrollment>> EnrollAsync(IReadOnlyCollection<FaceToEnroll> faces, bool replaceSameSource = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(faces);
        string[] inOtherForms = [.. faces.Select(face => face?.PersonId).OfType<string>().Distinct(StringComparer.Ordinal).Where(id => InOneForm(id) != id)];
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (string id in inOtherForms)
        {
            if (await FindAsync(id, cancellationToken).ConfigureAwait(false) is { } person)
            {
                kept.Add(person.Id);
            }
        }

        faces = EnrollmentChecks.UnderKnownIds(faces, id => kept.Contains(id) ? id : null);
        GalleryVector[] vectors = EnrollmentChecks.Vectors(faces, EnrollmentChecks.GivenNames(faces, _ => null), Model, Now());
        return vectors.Length == 0 ? [] : await AddAsync(vectors, replaceSameSource, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<GalleryPhotograph>> ReplacePhotographsAsync(string personId, IReadOnlyCollection<FaceToEnroll> faces, CancellationToken cancellationToken = default)
    {
        EnrollmentChecks.CheckReplacement(personId, faces);
        GalleryPerson person = await FindAsync(personId, cancellationToken).ConfigureAwait(false) ?? throw EnrollmentChecks.NoSuchPerson(personId);
        faces = EnrollmentChecks.UnderKnownIds(faces, _ => person.Id);
        GalleryVector[] vectors = EnrollmentChecks.Vectors(faces, EnrollmentChecks.GivenNames(faces, _ => person.Name), Model, Now());
        return await ReplaceAsync(person.Id, vectors, cancellationToken).ConfigureAwait(false)
            ? [.. vectors.Select(vector => vector.Photograph)]
            : throw EnrollmentChecks.NoSuchPerson(personId);
    }

    /// <inheritdoc/>
    public async Task<bool> RenameAsync(string personId, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(personId);
        EnrollmentChecks.CheckText(name, "The name", nameof(name));
        return await ChangeNameAsync(personId, name, cancellationToken).ConfigureAwait(false)
            || (InOneForm(personId) is var other && other != personId && await ChangeNameAsync(other, name, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public abstract Task<bool> RemoveAsync(string personId, CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public abstract Task<bool> RemovePhotographAsync(string photographId, CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public abstract Task<GalleryPerson?> FindAsync(string personId, CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public abstract IAsyncEnumerable<GalleryPerson> GetPeopleAsync(CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public Task<IReadOnlyList<FaceCandidate>> SearchAsync(FaceEmbedding embedding, int count = 5, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return FindNearestAsync(UnitVector(embedding, nameof(embedding)), count, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<FaceIdentification> IdentifyAsync(FaceEmbedding embedding, CancellationToken cancellationToken = default)
    {
        float[] probe = UnitVector(embedding, nameof(embedding));
        int vectors = _options.CosineThreshold is null ? await CountVectorsAsync(cancellationToken).ConfigureAwait(false) : 0;
        double threshold = _options.ThresholdFor(Model, vectors);
        return _options.Decide(await FindNearestAsync(probe, count: 2, cancellationToken).ConfigureAwait(false), threshold);
    }

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>
    /// Writes photographs, all or none, after <see cref="CheckName"/>: adds and removes what an <see cref="EnrollmentPlan"/> says,
    /// made of the photographs that these people have and that nobody else changes meanwhile.
    /// </summary>
    /// <param name="vectors">One or more; those of one person have the same name, or none.</param>
    /// <param name="replaceSameSource">Whether a person's older photographs of the same source give way.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>The results of the plan.</returns>
    protected abstract Task<IReadOnlyList<FaceEnrollment>> AddAsync(IReadOnlyList<GalleryVector> vectors, bool replaceSameSource, CancellationToken cancellationToken);

    /// <summary>Puts photographs in the place of all that a person has, all or none.</summary>
    /// <param name="personId">Who, by the id under which the gallery keeps them.</param>
    /// <param name="vectors">One or more, all of this person.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>False: there is no such person any more, and nothing was changed.</returns>
    protected abstract Task<bool> ReplaceAsync(string personId, IReadOnlyList<GalleryVector> vectors, CancellationToken cancellationToken);

    /// <summary>Calls a person by another name; false: there is no such person.</summary>
    /// <param name="personId">Who.</param>
    /// <param name="name">The new name.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    protected abstract Task<bool> ChangeNameAsync(string personId, string name, CancellationToken cancellationToken);

    /// <summary>The people whose best photograph is nearest, best first.</summary>
    /// <param name="probe">A unit vector.</param>
    /// <param name="count">How many people, 1 or more.</param>
    /// <param name="cancellationToken">Stops waiting for it.</param>
    protected abstract Task<IReadOnlyList<FaceCandidate>> FindNearestAsync(float[] probe, int count, CancellationToken cancellationToken);

    /// <summary>The unit vector of an embedding.</summary>
    /// <param name="embedding">A face's embedding by the gallery's model.</param>
    /// <param name="parameterName">What the caller's argument is called.</param>
    /// <exception cref="ArgumentException">It has another size than the gallery's, or no direction.</exception>
    /// <exception cref="FaceGalleryException">Another model made it.</exception>
    protected float[] UnitVector(FaceEmbedding embedding, string parameterName) => EnrollmentChecks.UnitVector(embedding, Model, "The embedding", parameterName);

    /// <summary>
    /// Brings an id to the Unicode form (NFC) in which new people are kept, so that "José" is one person in whichever form it
    /// is written; for looking up who was not found as the id was given.
    /// </summary>
    /// <param name="personId">Who.</param>
    protected static string InOneForm(string personId)
    {
        ArgumentNullException.ThrowIfNull(personId);
        return Names.UnicodeNames.Compose(personId);
    }

    /// <summary>Tells whether text is well-formed Unicode, without half a surrogate pair; no gallery keeps other ids, names and sources.</summary>
    /// <param name="text">An id, a name or a source.</param>
    protected static bool IsWellFormed(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Names.UnicodeNames.IllFormedAt(text) is null;
    }

    /// <summary>Refuses a photograph that comes with another name than its person has.</summary>
    /// <param name="personId">Who.</param>
    /// <param name="known">What they are called in the gallery.</param>
    /// <param name="given">What they are called with the photograph; null: nothing is said.</param>
    /// <exception cref="ArgumentException">The two differ.</exception>
    protected static void CheckName(string personId, string known, string? given) => EnrollmentChecks.CheckName(personId, known, given, "faces");

    /// <summary>Gives the time in whole milliseconds, which every store keeps as it is.</summary>
    private static DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    /// <summary>Compares candidates exactly and keeps each person's nearest photograph, best first.</summary>
    /// <param name="probe">A unit vector.</param>
    /// <param name="candidates">Photographs that a store found near, in any order, with the names of their people.</param>
    protected static IReadOnlyList<FaceCandidate> Rank(float[] probe, IEnumerable<GalleryVector> candidates) =>
    [
        .. candidates
            .Select(candidate => new FaceCandidate(candidate.PersonId, candidate.Name ?? candidate.PersonId, UnitVectors.Cosine(probe, candidate.Vector), candidate.Photograph))
            .GroupBy(candidate => candidate.PersonId, StringComparer.Ordinal)
            .Select(person => person.MaxBy(candidate => candidate.Score)!)
            .OrderByDescending(person => person.Score).ThenBy(person => person.PersonId, StringComparer.Ordinal),
    ];
}
