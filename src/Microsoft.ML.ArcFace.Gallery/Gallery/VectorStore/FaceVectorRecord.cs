using Microsoft.Extensions.VectorData;

namespace Microsoft.ML.ArcFace;

/// <summary>A photograph of a gallery as a vector store keeps it.</summary>
/// <typeparam name="TKey">Guid or string, whichever the store takes.</typeparam>
public sealed class FaceVectorRecord<TKey> where TKey : notnull
{
    /// <summary>Names the photograph.</summary>
    public required TKey Key { get; set; }

    /// <summary>Who it is.</summary>
    public string PersonId { get; set; } = "";

    /// <summary>What they are called.</summary>
    public string Name { get; set; } = "";

    /// <summary>Where the photograph comes from; null: not said.</summary>
    public string? Source { get; set; }

    /// <summary>When it was enrolled: milliseconds since 1970 in universal time.</summary>
    public long EnrolledAt { get; set; }

    /// <summary>The fingerprint of the model that embedded it.</summary>
    public string Model { get; set; } = "";

    /// <summary>The embedding in unit length.</summary>
    public ReadOnlyMemory<float> Embedding { get; set; }

    /// <summary>How a store keeps these records: give it to <c>VectorStore.GetCollection</c>.</summary>
    /// <param name="embeddingSize">Numbers in an embedding.</param>
    /// <param name="indexKind">One of <see cref="IndexKind"/>; null: the store's own choice.</param>
    public static VectorStoreCollectionDefinition CreateDefinition(int embeddingSize, string? indexKind = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(embeddingSize, 1);
        return new VectorStoreCollectionDefinition
        {
            Properties =
            [
                new VectorStoreKeyProperty(nameof(Key), typeof(TKey)),
                new VectorStoreDataProperty(nameof(PersonId), typeof(string)) { IsIndexed = true },
                new VectorStoreDataProperty(nameof(Name), typeof(string)),
                new VectorStoreDataProperty(nameof(Source), typeof(string)),
                new VectorStoreDataProperty(nameof(EnrolledAt), typeof(long)),
                new VectorStoreDataProperty(nameof(Model), typeof(string)) { IsIndexed = true },
                new VectorStoreVectorProperty(nameof(Embedding), typeof(ReadOnlyMemory<float>), embeddingSize)
                {
                    DistanceFunction = DistanceFunction.CosineSimilarity,
                    IndexKind = indexKind,
                },
            ],
        };
    }
}
