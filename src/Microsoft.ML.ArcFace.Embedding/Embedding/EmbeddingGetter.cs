using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Gives a getter the type that the caller asked for, or says which one the column has.</summary>
internal static class EmbeddingGetter
{
    public static ValueGetter<TValue> As<TValue>(Delegate getter, DataViewSchema.Column column) =>
        getter as ValueGetter<TValue>
        ?? throw new InvalidOperationException($"The column '{column.Name}' holds {column.Type} ({column.Type.RawType.Name}); it cannot be read as {typeof(TValue).Name}.");
}
