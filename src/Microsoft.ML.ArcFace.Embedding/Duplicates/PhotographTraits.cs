using System.Security.Cryptography;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Duplicates;

/// <summary>What a photograph is compared by; null where it could not be read or is not asked for.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Label">Whom it shows.</param>
/// <param name="ContentHash">SHA-256 of its file.</param>
/// <param name="Look">Its perceptual hash.</param>
/// <param name="Embedding">In unit length.</param>
internal sealed record PhotographTraits(string Name, string Label, string? ContentHash, PerceptualHash? Look, float[]? Embedding)
{
    /// <summary>Reads a view row by row; nothing but the current one is held.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    public static IEnumerable<PhotographTraits> Read(IHostEnvironment environment, IDataView data, DuplicateOptions options)
    {
        DataViewSchema.Column nameColumn = NameColumn.Find(environment, data, options.NameColumnName);
        DataViewSchema.Column? labelColumn = options.LabelColumnName is { } label ? NameColumn.Find(environment, data, label) : null;
        DataViewSchema.Column? imageColumn = options.ImageColumnName is { } image ? PhotographColumn.Find(environment, data.Schema, image) : null;
        DataViewSchema.Column? embeddingColumn = options.EmbeddingColumnName is { } embedding ? InputColumn.FindEmbedding(environment, data, embedding) : null;
        return Rows();

        IEnumerable<PhotographTraits> Rows()
        {
            DataViewSchema.Column?[] columns = [nameColumn, labelColumn, imageColumn, embeddingColumn];
            using DataViewRowCursor cursor = data.GetRowCursor([.. columns.OfType<DataViewSchema.Column>()]);
            Func<string> getName = NameColumn.CreateGetter(cursor, nameColumn);
            Func<string>? getLabel = labelColumn is { } labels ? NameColumn.CreateGetter(cursor, labels) : null;
            Func<Photograph?>? getPhotograph = imageColumn is { } images ? PhotographColumn.CreateGetter(cursor, images) : null;
            ValueGetter<VBuffer<float>>? getEmbedding = embeddingColumn is { } embeddings ? cursor.GetGetter<VBuffer<float>>(embeddings) : null;
            VBuffer<float> buffer = default;
            while (cursor.MoveNext())
            {
                getEmbedding?.Invoke(ref buffer);
                float[] vector = getEmbedding is null ? [] : [.. buffer.DenseValues()];
                (string? content, PerceptualHash? look) = getPhotograph is null ? default : Hashes(getPhotograph);
                yield return new PhotographTraits(getName(), getLabel?.Invoke() ?? "", content, look, UnitVectors.HasDirection(vector) ? UnitVectors.Normalized(vector) : null);
            }
        }
    }

    /// <summary>Whether something that was asked for is missing.</summary>
    public bool IsUnreadable(DuplicateOptions options) =>
        (options.ImageColumnName is not null && Look is null) || (options.EmbeddingColumnName is not null && Embedding is null);

    private static (string?, PerceptualHash?) Hashes(Func<Photograph?> getPhotograph)
    {
        try
        {
            using Photograph? photograph = getPhotograph();
            return photograph is null ? default : (Convert.ToHexStringLower(SHA256.HashData(photograph.Content)), PerceptualHash.Of(photograph.Image));
        }
        catch (FaceImageException)
        {
            return default;
        }
    }
}
