using System.Runtime.CompilerServices;
using Microsoft.Extensions.VectorData;

namespace Microsoft.ML.ArcFace.Gallery.VectorStore;

/// <summary>
/// A gallery in a collection of any vector store. What the store finds is compared exactly, so its scores do not matter; whom
/// an approximate index misses is missed.
/// </summary>
internal sealed class VectorStoreGallery<TKey> : FaceGalleryBase where TKey : notnull
{
    private const int PageSize = 1000, CandidatesPerPerson = 4, LeastCandidates = 16;

    private readonly VectorStoreCollection<TKey, FaceVectorRecord<TKey>> _collection;
    private readonly SemaphoreSlim _writing = new(1);

    /// <summary>Counted once, when it is first asked for; then kept up with what is written here.</summary>
    private int? _count;

    private VectorStoreGallery(VectorStoreCollection<TKey, FaceVectorRecord<TKey>> collection, FaceGalleryModel model, IdentificationOptions options)
        : base(model, options) => _collection = collection;

    /// <exception cref="FaceGalleryException">It keeps vectors of another model.</exception>
    public static async Task<IFaceGallery> OpenAsync(
        VectorStoreCollection<TKey, FaceVectorRecord<TKey>> collection, FaceGalleryModel model, IdentificationOptions options, CancellationToken cancellationToken)
    {
        var gallery = new VectorStoreGallery<TKey>(collection, model, options);
        await collection.EnsureCollectionExistsAsync(cancellationToken).ConfigureAwait(false);
        string fingerprint = model.Fingerprint;
        await foreach (FaceVectorRecord<TKey> other in collection.GetAsync(record => record.Model != fingerprint, top: 1, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            throw new FaceGalleryException(FaceGalleryProblem.OtherModel,
                $"The collection '{collection.Name}' keeps embeddings of the model {other.Model}, and yours is {fingerprint}. Embeddings of different models cannot be compared: " +
                "open it with its own model, or enroll the photographs again in a new collection.");
        }

        return gallery;
    }

    public override async ValueTask<int> CountVectorsAsync(CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            string fingerprint = Model.Fingerprint;
            return _count ??= (await AllAsync(record => record.Model == fingerprint, includeVectors: false, cancellationToken).ConfigureAwait(false)).Count;
        }
        finally
        {
            _writing.Release();
        }
    }

    public override async Task<bool> RemoveAsync(string personId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(personId);
        return await RemoveExactlyAsync(personId, cancellationToken).ConfigureAwait(false)
            || (InOneForm(personId) is var other && other != personId && await RemoveExactlyAsync(other, cancellationToken).ConfigureAwait(false));
    }

    private Task<bool> RemoveExactlyAsync(string personId, CancellationToken cancellationToken)
    {
        return WriteAsync(async () =>
        {
            List<FaceVectorRecord<TKey>> records = await OfPersonAsync(personId, includeVectors: false, cancellationToken).ConfigureAwait(false);
            await _collection.DeleteAsync(records.Select(record => record.Key), cancellationToken).ConfigureAwait(false);
            _count -= records.Count;
            return records.Count > 0;
        }, cancellationToken);
    }

    public override Task<bool> RemovePhotographAsync(string photographId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(photographId);
        return WriteAsync(async () =>
        {
            if (!Guid.TryParseExact(photographId, "N", out _)
                || await _collection.GetAsync(VectorStoreKey<TKey>.Of(photographId), cancellationToken: cancellationToken).ConfigureAwait(false) is not { } record)
            {
                return false;
            }

            await _collection.DeleteAsync(record.Key, cancellationToken).ConfigureAwait(false);
            _count--;
            return true;
        }, cancellationToken);
    }

    public override async Task<GalleryPerson?> FindAsync(string personId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(personId);
        return await FindExactlyAsync(personId, cancellationToken).ConfigureAwait(false)
            ?? (InOneForm(personId) is var other && other != personId ? await FindExactlyAsync(other, cancellationToken).ConfigureAwait(false) : null);
    }

    private async Task<GalleryPerson?> FindExactlyAsync(string personId, CancellationToken cancellationToken)
    {
        List<FaceVectorRecord<TKey>> records = await OfPersonAsync(personId, includeVectors: false, cancellationToken).ConfigureAwait(false);
        return records.Count == 0 ? null : ToPerson(personId, records);
    }

    private static GalleryPerson ToPerson(string personId, List<FaceVectorRecord<TKey>> records) =>
        new(personId, records[0].Name, [.. records.Select(PhotographOf).OrderBy(photograph => photograph.Id, StringComparer.Ordinal)]);

    /// <summary>Reads all records, without vectors: a store gives them in no order by person.</summary>
    public override async IAsyncEnumerable<GalleryPerson> GetPeopleAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string fingerprint = Model.Fingerprint;
        List<FaceVectorRecord<TKey>> records = await AllAsync(record => record.Model == fingerprint, includeVectors: false, cancellationToken).ConfigureAwait(false);
        foreach (IGrouping<string, FaceVectorRecord<TKey>> person in records.GroupBy(record => record.PersonId, StringComparer.Ordinal))
        {
            yield return ToPerson(person.Key, [.. person]);
        }
    }

    /// <summary>The collection is whoever's made it.</summary>
    public override ValueTask DisposeAsync()
    {
        _writing.Dispose();
        return ValueTask.CompletedTask;
    }

    protected override Task<IReadOnlyList<FaceEnrollment>> AddAsync(IReadOnlyList<GalleryVector> vectors, bool replaceSameSource, CancellationToken cancellationToken) => WriteAsync(async () =>
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var present = new List<GalleryVector>();
        foreach (GalleryVector vector in vectors.DistinctBy(vector => vector.PersonId, StringComparer.Ordinal))
        {
            string person = vector.PersonId;
            List<FaceVectorRecord<TKey>> known = await OfPersonAsync(person, includeVectors: true, cancellationToken).ConfigureAwait(false);
            names[person] = known.FirstOrDefault()?.Name ?? vector.Name ?? person;
            CheckName(person, names[person], vector.Name);
            present.AddRange(known.Select(FromRecord).OrderBy(one => one.Photograph.Id, StringComparer.Ordinal));
        }

        var plan = EnrollmentPlan.Create(vectors, present, replaceSameSource);
        await ExchangeAsync(
            [.. plan.Added.Select(vector => ToRecord(vector, names[vector.PersonId]))],
            [.. plan.Removed.Select(photograph => VectorStoreKey<TKey>.Of(photograph.Id))], cancellationToken).ConfigureAwait(false);
        return plan.Results;
    }, cancellationToken);

    protected override Task<bool> ReplaceAsync(string personId, IReadOnlyList<GalleryVector> vectors, CancellationToken cancellationToken) => WriteAsync(async () =>
    {
        List<FaceVectorRecord<TKey>> known = await OfPersonAsync(personId, includeVectors: false, cancellationToken).ConfigureAwait(false);
        if (known.Count > 0)
        {
            await ExchangeAsync([.. vectors.Select(vector => ToRecord(vector, known[0].Name))], [.. known.Select(record => record.Key)], cancellationToken).ConfigureAwait(false);
        }

        return known.Count > 0;
    }, cancellationToken);

    /// <summary>Writes records and takes others away.</summary>
    private async Task ExchangeAsync(FaceVectorRecord<TKey>[] added, TKey[] removed, CancellationToken cancellationToken)
    {
        try
        {
            await _collection.UpsertAsync(added, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // Not every store writes a batch as a whole.
            await _collection.DeleteAsync(added.Select(record => record.Key), CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        _count += added.Length;

        // Last, so that a store that fails in between has too much rather than too little; writing again makes up for it.
        await _collection.DeleteAsync(removed, cancellationToken).ConfigureAwait(false);
        _count -= removed.Length;
    }

    protected override Task<bool> ChangeNameAsync(string personId, string name, CancellationToken cancellationToken) => WriteAsync(async () =>
    {
        List<FaceVectorRecord<TKey>> records = await OfPersonAsync(personId, includeVectors: true, cancellationToken).ConfigureAwait(false);
        records.ForEach(record => record.Name = name);
        await _collection.UpsertAsync(records, cancellationToken).ConfigureAwait(false);
        return records.Count > 0;
    }, cancellationToken);

    protected override async Task<IReadOnlyList<FaceCandidate>> FindNearestAsync(float[] probe, int count, CancellationToken cancellationToken)
    {
        // People with many photographs may take the first places: ask for more until there are enough people.
        var options = new VectorSearchOptions<FaceVectorRecord<TKey>> { IncludeVectors = true };
        for (int top = Math.Max(count * CandidatesPerPerson, LeastCandidates); ; top *= CandidatesPerPerson)
        {
            List<VectorSearchResult<FaceVectorRecord<TKey>>> found = await _collection.SearchAsync(new ReadOnlyMemory<float>(probe), top, options, cancellationToken)
                .ToListAsync(cancellationToken).ConfigureAwait(false);
            IReadOnlyList<FaceCandidate> people = Rank(probe, found.Select(one => FromRecord(one.Record)));
            if (people.Count >= count || found.Count < top)
            {
                return [.. people.Take(count)];
            }
        }
    }

    private FaceVectorRecord<TKey> ToRecord(GalleryVector vector, string name) => new()
    {
        Key = VectorStoreKey<TKey>.Of(vector.Photograph.Id),
        PersonId = vector.PersonId,
        Name = name,
        Source = vector.Photograph.Source,
        EnrolledAt = vector.Photograph.EnrolledAt.ToUnixTimeMilliseconds(),
        Model = Model.Fingerprint,
        Embedding = vector.Vector,
    };

    private static GalleryVector FromRecord(FaceVectorRecord<TKey> record) => new(record.PersonId, record.Name, PhotographOf(record), record.Embedding.ToArray());

    private static GalleryPhotograph PhotographOf(FaceVectorRecord<TKey> record) =>
        new(VectorStoreKey<TKey>.ToPhotographId(record.Key), record.Source, DateTimeOffset.FromUnixTimeMilliseconds(record.EnrolledAt));

    private Task<List<FaceVectorRecord<TKey>>> OfPersonAsync(string personId, bool includeVectors, CancellationToken cancellationToken) =>
        AllAsync(record => record.PersonId == personId, includeVectors, cancellationToken);

    /// <summary>All records of a filter, page by page: stores limit how many they give at once.</summary>
    private async Task<List<FaceVectorRecord<TKey>>> AllAsync(
        System.Linq.Expressions.Expression<Func<FaceVectorRecord<TKey>, bool>> filter, bool includeVectors, CancellationToken cancellationToken)
    {
        var records = new List<FaceVectorRecord<TKey>>();
        int before;
        do
        {
            before = records.Count;
            var options = new FilteredRecordRetrievalOptions<FaceVectorRecord<TKey>> { Skip = before, IncludeVectors = includeVectors };
            records.AddRange(await _collection.GetAsync(filter, PageSize, options, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false));
        }
        while (records.Count == before + PageSize);
        return records;
    }

    private async Task<T> WriteAsync<T>(Func<Task<T>> write, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await write().ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }
}
