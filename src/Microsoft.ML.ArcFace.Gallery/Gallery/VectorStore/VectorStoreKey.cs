namespace Microsoft.ML.ArcFace.Gallery.VectorStore;

/// <summary>Ids of photographs as keys of a store: stores differ in which they take.</summary>
internal static class VectorStoreKey<TKey> where TKey : notnull
{
    public static bool IsSupported => typeof(TKey) == typeof(Guid) || typeof(TKey) == typeof(string);

    public static TKey Of(string photographId) => typeof(TKey) == typeof(Guid) ? (TKey)(object)Guid.ParseExact(photographId, "N") : (TKey)(object)photographId;

    public static string ToPhotographId(TKey key) => key is Guid guid ? guid.ToString("N") : key.ToString()!;
}
