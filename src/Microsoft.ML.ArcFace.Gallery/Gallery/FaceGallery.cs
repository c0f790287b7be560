using Microsoft.Extensions.Logging;
using Microsoft.ML.ArcFace.Gallery;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// People who can be found again by their faces: in memory, and in one SQLite file if it has a path. Searches are exact. Many
/// threads may search at once, also while one enrolls or removes; what was written is on the disk when the method returns.
/// </summary>
public sealed partial class FaceGallery : IFaceGallery, IDisposable
{
    private readonly FaceGalleryOptions _options;
    private readonly GalleryFile? _file;
    private readonly GalleryMemory _memory;

    /// <summary>The reason why nothing can be changed, as the end of the sentence "the gallery …", and what to do about it; null: it can be changed.</summary>
    private readonly (string Reason, string Remedy)? _obstacle;

    private readonly UseGate _gate = new(nameof(FaceGallery));

    /// <summary>Held by the one who writes; searches go on meanwhile, until the change is on the disk.</summary>
    private readonly Lock _writing = new();

    /// <summary>Held for reading by who reads <see cref="_memory"/>, for writing by who changes it.</summary>
    private readonly ReaderWriterLockSlim _memoryLock = new();

    private long _lastPerson, _lastPhotograph;

    /// <summary>
    /// Whether the gallery can be searched but not changed: it was opened with <see cref="FaceGalleryOptions.ReadOnly"/>, or its
    /// file cannot be written.
    /// </summary>
    public bool IsReadOnly => _obstacle is not null;

    /// <summary>
    /// Whether bytes of what was removed may still be in the file, because it could not be written anew (a full disk). The gallery
    /// serves all the same; it is tried again with the next change, and when the gallery is closed or opened.
    /// </summary>
    public bool IsErasurePending => _file is { IsErasurePending: true };

    /// <summary>Is told what whoever runs the gallery should know.</summary>
    internal ILogger Log { get; }

    /// <summary>The whole path of the file; null: there is none, and the gallery ends with the process.</summary>
    public string? Path { get; }

    /// <inheritdoc/>
    public FaceGalleryModel Model { get; }

    /// <summary>People in the gallery.</summary>
    /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
    public int PersonCount => Read(memory => memory.People.Count);

    /// <summary>Photographs in the gallery.</summary>
    /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
    public int PhotographCount => Read(memory => memory.PhotographCount);

    /// <summary>The cosine that a face must exceed to be found, for as many vectors as there are now; −1 to 1.</summary>
    /// <exception cref="InvalidOperationException">The model has no threshold, and none is set.</exception>
    /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
    public double CosineThreshold => Read(memory => _options.ThresholdFor(Model, memory.Vectors.Count));

    /// <summary>Lists everybody in the gallery, in the order of enrollment.</summary>
    /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
    public IReadOnlyList<GalleryPerson> GetPeople() => Read(memory => (GalleryPerson[])[.. memory.People.OrderBy(person => person.Number).Select(person => person.ToPerson())]);

    /// <summary>The person of an id with their photographs; null: there is none.</summary>
    /// <param name="personId">Who.</param>
    /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
    public GalleryPerson? Find(string personId)
    {
        ArgumentNullException.ThrowIfNull(personId);
        return Read(memory => memory.FindPerson(personId)?.ToPerson());
    }

    /// <summary>The people who are nearest to a face, best first, however far they are.</summary>
    /// <param name="embedding">The face's embedding by the gallery's model.</param>
    /// <param name="count">How many people, 1 or more.</param>
    /// <exception cref="ArgumentException">The embedding has another size than the gallery's, or no direction.</exception>
    /// <exception cref="FaceGalleryException">Another model made the embedding (<see cref="FaceGalleryProblem.OtherModel"/>).</exception>
    /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
    public IReadOnlyList<FaceCandidate> Search(FaceEmbedding embedding, int count = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        float[] probe = EnrollmentChecks.UnitVector(embedding, Model, "The embedding", nameof(embedding));
        return Read(memory => Nearest(memory, probe, count));
    }

    /// <summary>Who a face is: a person of the gallery, nobody of it, or one of two who are about as near.</summary>
    /// <param name="embedding">The face's embedding by the gallery's model.</param>
    /// <exception cref="ArgumentException">The embedding has another size than the gallery's, or no direction.</exception>
    /// <exception cref="FaceGalleryException">Another model made the embedding (<see cref="FaceGalleryProblem.OtherModel"/>).</exception>
    /// <exception cref="InvalidOperationException">The model has no threshold, and none is set.</exception>
    /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
    public FaceIdentification Identify(FaceEmbedding embedding)
    {
        float[] probe = EnrollmentChecks.UnitVector(embedding, Model, "The embedding", nameof(embedding));
        return Read(memory => _options.Decide(Nearest(memory, probe, count: 2), _options.ThresholdFor(Model, memory.Vectors.Count)));
    }

    /// <summary>
    /// Tells who the faces of one photograph are. Nobody is on it twice: of several faces that match one person, the nearest keeps the
    /// name (of equally near ones the first), and the others are <see cref="IdentificationOutcome.Ambiguous"/>
    /// (<see cref="FaceIdentification.NearerFace"/>).
    /// </summary>
    /// <param name="faces">The embeddings of its faces by the gallery's model, none or more.</param>
    /// <returns>The answers, in the same order.</returns>
    /// <exception cref="ArgumentException">An embedding has another size than the gallery's, or no direction.</exception>
    /// <exception cref="FaceGalleryException">Another model made an embedding (<see cref="FaceGalleryProblem.OtherModel"/>).</exception>
    /// <exception cref="InvalidOperationException">The model has no threshold, and none is set.</exception>
    /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
    public IReadOnlyList<FaceIdentification> IdentifyAll(IReadOnlyCollection<FaceEmbedding> faces)
    {
        ArgumentNullException.ThrowIfNull(faces);
        float[][] probes = [.. faces.Select((face, place) => EnrollmentChecks.UnitVector(face, Model, $"The embedding of face {place + 1}", nameof(faces)))];
        return Read(memory =>
        {
            double threshold = _options.ThresholdFor(Model, memory.Vectors.Count);
            return PhotographIdentification.Resolve([.. probes.Select(probe => _options.Decide(Nearest(memory, probe, count: 2), threshold))]);
        });
    }

    /// <summary>Waits for what is under way and closes the file.</summary>
    public void Dispose() => _gate.Close(() =>
    {
        if (IsErasurePending)
        {
            TryErase();
        }

        _file?.Dispose();
        _memoryLock.Dispose();
    });

    /// <summary>Writes a copy of the gallery's file as it is now, its log included, by SQLite's own backup; searches go on, changes wait.</summary>
    /// <param name="path">The copy: one file, which appears when it is whole, and opens as the gallery does, under the same key.</param>
    /// <param name="overwrite">Whether it may take the place of a file. Default false: what is there is left, and refused.</param>
    /// <exception cref="InvalidOperationException">The gallery is kept in memory alone.</exception>
    /// <exception cref="FaceGalleryException">The copy cannot be written, or is there already; or the gallery was opened for searching alone, and its file is now in use or damaged.</exception>
    /// <exception cref="ObjectDisposedException">The gallery was disposed.</exception>
    public void BackupTo(string path, bool overwrite = false)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        string target = System.IO.Path.GetFullPath(path);
        using UseGate.Use use = _gate.Begin();
        if (Path is null)
        {
            throw new InvalidOperationException("The gallery is kept in memory alone, so there is no file to copy. Open it with a path.");
        }

        lock (_writing)
        {
            if (_file is null)
            {
                GalleryBackup.OfFile(Path, target, overwrite);
            }
            else
            {
                _file.BackUp(target, overwrite);
            }
        }
    }

    /// <summary>Makes up for an erasure that could not be done before; while it cannot be done, the gallery serves all the same.</summary>
    private void TryErase()
    {
        if (!IsErasurePending)
        {
            return;
        }

        try
        {
            _file!.Erase();
        }
        catch (FaceGalleryException error) when (error.Problem == FaceGalleryProblem.Unreachable)
        {
            GalleryLog.Warn(Log, error.Message);
        }
    }

    private GalleryMemory CreateMemory() => new(Model.EmbeddingSize, _options.Aggregation, _options.SearchInHalfPrecision);

    private FaceCandidate[] Nearest(GalleryMemory memory, float[] probe, int count) =>
    [
        .. VectorSearch.Nearest(memory.Vectors, probe, count, _options.MaxDegreeOfParallelism ?? -1).Select(found => new FaceCandidate(
            found.Row.Person.Id, found.Row.Person.Name, Math.Clamp(found.Score, -1, 1), found.Row.Photograph?.Details)),
    ];

    private T Read<T>(Func<GalleryMemory, T> read)
    {
        using UseGate.Use use = _gate.Begin();
        _memoryLock.EnterReadLock();
        try
        {
            return read(_memory);
        }
        finally
        {
            _memoryLock.ExitReadLock();
        }
    }
}
