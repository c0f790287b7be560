using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.VectorData;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>A collection of a vector store in memory, as approximate as some are: the order of what it finds is that of rounded scores.</summary>
internal sealed class MemoryCollection<TKey> : VectorStoreCollection<TKey, FaceVectorRecord<TKey>> where TKey : notnull
{
    private readonly Dictionary<TKey, FaceVectorRecord<TKey>> _records = [];

    public override string Name => "faces";

    /// <summary>Records of a batch that are written before it fails; null: it does not fail.</summary>
    public int? FailsAfter { get; set; }

    public int Count => _records.Count;

    public override Task<bool> CollectionExistsAsync(CancellationToken cancellationToken = default) => Task.FromResult(true);

    public override Task EnsureCollectionExistsAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public override Task EnsureCollectionDeletedAsync(CancellationToken cancellationToken = default)
    {
        _records.Clear();
        return Task.CompletedTask;
    }

    public override Task<FaceVectorRecord<TKey>?> GetAsync(TKey key, RecordRetrievalOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(_records.TryGetValue(key, out FaceVectorRecord<TKey>? record) ? Copy(record, options?.IncludeVectors ?? false) : null);

    public override async IAsyncEnumerable<FaceVectorRecord<TKey>> GetAsync(
        Expression<Func<FaceVectorRecord<TKey>, bool>> filter, int top, FilteredRecordRetrievalOptions<FaceVectorRecord<TKey>>? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        foreach (FaceVectorRecord<TKey> record in _records.Values.Where(filter.Compile()).Skip(options?.Skip ?? 0).Take(top).ToArray())
        {
            yield return Copy(record, options?.IncludeVectors ?? false);
        }
    }

    public override Task DeleteAsync(TKey key, CancellationToken cancellationToken = default)
    {
        _records.Remove(key);
        return Task.CompletedTask;
    }

    public override Task UpsertAsync(FaceVectorRecord<TKey> record, CancellationToken cancellationToken = default) => UpsertAsync([record], cancellationToken);

    public override Task UpsertAsync(IEnumerable<FaceVectorRecord<TKey>> records, CancellationToken cancellationToken = default)
    {
        foreach ((int index, FaceVectorRecord<TKey> record) in records.Index())
        {
            if (index == FailsAfter)
            {
                throw new VectorStoreException("The store failed.");
            }

            _records[record.Key] = Copy(record, withVector: true);
        }

        return Task.CompletedTask;
    }

    public override async IAsyncEnumerable<VectorSearchResult<FaceVectorRecord<TKey>>> SearchAsync<TInput>(
        TInput searchValue, int top, VectorSearchOptions<FaceVectorRecord<TKey>>? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        float[] probe = ((ReadOnlyMemory<float>)(object)searchValue!).ToArray();
        foreach (FaceVectorRecord<TKey> record in _records.Values.OrderByDescending(record => Math.Round(GalleryVectors.Cosine(probe, record.Embedding.ToArray()), 2)).Take(top).ToArray())
        {
            yield return new VectorSearchResult<FaceVectorRecord<TKey>>(Copy(record, options?.IncludeVectors ?? false), score: null);
        }
    }

    public override object? GetService(Type serviceType, object? serviceKey = null) => null;

    private static FaceVectorRecord<TKey> Copy(FaceVectorRecord<TKey> record, bool withVector) => new()
    {
        Key = record.Key,
        PersonId = record.PersonId,
        Name = record.Name,
        Source = record.Source,
        EnrolledAt = record.EnrolledAt,
        Model = record.Model,
        Embedding = withVector ? record.Embedding.ToArray() : default(ReadOnlyMemory<float>),
    };
}
