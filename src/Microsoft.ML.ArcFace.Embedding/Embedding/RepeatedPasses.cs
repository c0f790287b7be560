using System.Security.Cryptography;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>
/// Notices when the same photographs are embedded again and again, as by a trainer that reads its data in many passes, and
/// says once how to do without. Photographs are the same if those of the first batch are, to the bit.
/// </summary>
internal sealed class RepeatedPasses(IHost host, string embeddingColumnName)
{
    /// <summary>Evaluating what was looked at before is no waste yet.</summary>
    private const int PassesWithoutHint = 2;

    /// <summary>So many different sets are told apart; then counting begins anew.</summary>
    private const int MostSets = 1000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _passes = [];
    private bool _isSaid;

    /// <summary>Begins a pass; gives what the photographs of its first batch are known by, null where nothing is to be counted.</summary>
    public string? Begin(ReadOnlySpan<byte> firstFaces, int rowCount)
    {
        // A program that predicts embeds a single photograph again and again, and there is nothing to cache.
        if (_isSaid || rowCount < 2 || firstFaces.IsEmpty)
        {
            return null;
        }

        string rows = Convert.ToHexString(SHA256.HashData(firstFaces));
        lock (_lock)
        {
            if (_isSaid || _passes.GetValueOrDefault(rows) < PassesWithoutHint)
            {
                return _isSaid ? null : rows;
            }

            _isSaid = true;
            _passes.Clear();
        }

        using IChannel channel = host.Start(nameof(FaceEmbeddingTransformer));
        channel.Warning(
            $"The same photographs are embedded for the third time. Whatever reads the column '{embeddingColumnName}' in several passes, such as a trainer, has all of them decoded and embedded anew in each. " +
            "Cache the embeddings: AppendCacheCheckpoint(ml) between the embedding and the trainer, or ml.Data.Cache(model.Transform(data)).");
        return null;
    }

    /// <summary>Counts a pass that came to its end.</summary>
    /// <param name="rows">What <see cref="Begin"/> gave.</param>
    public void End(string rows)
    {
        lock (_lock)
        {
            if (_passes.Count >= MostSets)
            {
                _passes.Clear();
            }

            _passes[rows] = _passes.GetValueOrDefault(rows) + 1;
        }
    }
}
