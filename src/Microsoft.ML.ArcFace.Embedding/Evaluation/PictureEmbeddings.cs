using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>The embeddings of the pictures that are to be compared, each under the name that the pairs use.</summary>
internal static class PictureEmbeddings
{
    /// <summary>Reads the wanted pictures, which are there (<see cref="PairedPictures"/>), in one pass over the data; no other row's embedding is asked for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">Pictures differ between rows, or have no direction (zero, not a number).</exception>
    public static Dictionary<string, float[]> Read(
        IHostEnvironment environment, IDataView data, IReadOnlySet<string> wanted, string embeddingColumnName, string imageColumnName)
    {
        Dictionary<string, float[]> embeddings = ReadRows(environment, data, wanted, embeddingColumnName, imageColumnName);
        string[] unusable = [.. embeddings.Where(picture => !UnitVectors.HasDirection(picture.Value)).Select(picture => picture.Key)];
        if (unusable.Length > 0)
        {
            throw new InvalidOperationException(
                $"{unusable.Length} of the {wanted.Count} pictures that the pairs name have an embedding that is zero or not a number: {PictureNames.Examples(unusable)}. " +
                "Pictures that cannot be read give such embeddings; replace them, or leave their pairs out.");
        }

        return embeddings;
    }

    private static Dictionary<string, float[]> ReadRows(
        IHostEnvironment environment, IDataView data, IReadOnlySet<string> wanted, string embeddingColumnName, string imageColumnName)
    {
        DataViewSchema.Column embeddingColumn = InputColumn.FindEmbedding(environment, data, embeddingColumnName);
        DataViewSchema.Column imageColumn = InputColumn.FindText(environment, data, imageColumnName);
        using DataViewRowCursor cursor = data.GetRowCursor([embeddingColumn, imageColumn]);
        ValueGetter<VBuffer<float>> getEmbedding = cursor.GetGetter<VBuffer<float>>(embeddingColumn);
        ValueGetter<ReadOnlyMemory<char>> getImage = cursor.GetGetter<ReadOnlyMemory<char>>(imageColumn);
        var embeddings = new Dictionary<string, float[]>(StringComparer.Ordinal);
        VBuffer<float> buffer = default;
        ReadOnlyMemory<char> image = default;
        while (cursor.MoveNext())
        {
            getImage(ref image);
            string picture = image.ToString();
            if (!wanted.Contains(picture))
            {
                continue;
            }

            getEmbedding(ref buffer);
            float[] embedding = [.. buffer.DenseValues()];

            // A row may come twice, but not two pictures of one name, as when two folders are joined.
            if (!embeddings.TryAdd(picture, embedding) && !embeddings[picture].AsSpan().SequenceEqual(embedding))
            {
                throw new InvalidOperationException(
                    $"The column '{imageColumnName}' names '{picture}' twice with different embeddings; the pairs need one picture for each name. Evaluate one folder at a time.");
            }
        }

        return embeddings;
    }
}
