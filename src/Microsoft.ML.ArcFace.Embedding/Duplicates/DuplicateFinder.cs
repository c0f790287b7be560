using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Duplicates;

/// <summary>
/// Compares every photograph of the test set with every one of the training set. The test set's hashes and embeddings are held
/// in memory (about 2 KB a photograph with 512 numbers); the training set passes by in blocks, once. The work grows with the product
/// of the two; a tile of the test set stays in the processor's cache while a block of the other passes it.
/// </summary>
internal sealed class DuplicateFinder
{
    private const int BlockSize = 512, TileSize = 32;

    private readonly DuplicateOptions _options;
    private readonly PhotographTraits[] _test;
    private readonly float[] _testEmbeddings;
    private readonly int _size;
    private readonly ILookup<string, int> _testByContent;
    private readonly bool[] _isDuplicate;

    // The least alike first, so that it makes room for a better one.
    private readonly PriorityQueue<DuplicatePair, (int, int, double)> _best = new(Comparer<(int, int, double)>.Create((x, y) => y.CompareTo(x)));
    private readonly Lock _lock = new();
    private long _pairCount;

    private DuplicateFinder(DuplicateOptions options, PhotographTraits[] test)
    {
        (_options, _test, _isDuplicate) = (options, test, new bool[test.Length]);
        _size = test.FirstOrDefault(photograph => photograph.Embedding is not null)?.Embedding!.Length ?? 0;
        _testEmbeddings = Contiguous(test);
        _testByContent = test.Index().Where(entry => entry.Item.ContentHash is not null).ToLookup(entry => entry.Item.ContentHash!, entry => entry.Index, StringComparer.Ordinal);

        // From here on they are in one piece.
        _test = [.. test.Select(photograph => photograph with { Embedding = null })];
    }

    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">The test set has no rows, or embeddings differ in size.</exception>
    public static DuplicateMetrics Find(IHostEnvironment environment, IDataView train, IDataView test, DuplicateOptions options)
    {
        // Both schemas are checked before a photograph is opened.
        IEnumerable<PhotographTraits> testRows = PhotographTraits.Read(environment, test, options), trainRows = PhotographTraits.Read(environment, train, options);
        PhotographTraits[] testPhotographs = [.. testRows];
        if (testPhotographs.Length == 0)
        {
            throw new InvalidOperationException("The test set has no rows, so that there is nothing to look for. Give the two parts of a split.");
        }

        int unreadable = testPhotographs.Count(photograph => photograph.IsUnreadable(options));
        var finder = new DuplicateFinder(options, testPhotographs);
        long trainCount = 0;
        foreach (PhotographTraits[] block in trainRows.Chunk(BlockSize))
        {
            trainCount += block.Length;
            unreadable += block.Count(photograph => photograph.IsUnreadable(options));
            finder.Compare(block);
        }

        if (trainCount == 0)
        {
            throw new InvalidOperationException("The training set has no rows, so that there is nothing to look in. Give the two parts of a split.");
        }

        DuplicatePair[] pairs = [.. finder._best.UnorderedItems.OrderBy(item => item.Priority).ThenBy(item => item.Element.TestName, StringComparer.Ordinal).Select(item => item.Element)];
        return new DuplicateMetrics(pairs, finder._pairCount, finder._isDuplicate.Count(found => found), testPhotographs.Length, trainCount, unreadable);
    }

    private void Compare(PhotographTraits[] block)
    {
        float[] embeddings = Contiguous(block);
        HashSet<(int Test, int Train)> sameFile = [.. block.Index().Where(entry => entry.Item.ContentHash is not null)
            .SelectMany(entry => _testByContent[entry.Item.ContentHash!].Select(test => (test, entry.Index)))];
        ParallelLoop.Run((_test.Length + TileSize - 1) / TileSize, Environment.ProcessorCount, tile =>
        {
            int end = Math.Min((tile + 1) * TileSize, _test.Length);
            for (int j = 0; j < block.Length; j++)
            {
                for (int i = tile * TileSize; i < end; i++)
                {
                    Judge(i, j, block[j], embeddings, sameFile);
                }
            }
        });
    }

    private void Judge(int i, int j, PhotographTraits train, float[] embeddings, HashSet<(int, int)> sameFile)
    {
        PhotographTraits test = _test[i];
        int? distance = test.Look is { } first && train.Look is { } second ? first.DistanceTo(second) : null;
        double? cosine = _size == 0 ? null : TensorPrimitives.Dot<float>(_testEmbeddings.AsSpan(i * _size, _size), embeddings.AsSpan(j * _size, _size));
        DuplicateKinds kinds = (sameFile.Contains((i, j)) ? DuplicateKinds.SameFile : 0)
            | (distance <= _options.MaximumHashDistance ? DuplicateKinds.SameLook : 0)
            | (cosine >= _options.MinimumCosine ? DuplicateKinds.SameEmbedding : 0);
        if (kinds != DuplicateKinds.None)
        {
            Keep(i, new DuplicatePair(test.Name, train.Name, kinds, distance, cosine is { } value ? Math.Clamp(value, -1, 1) : null, test.Label, train.Label));
        }
    }

    private void Keep(int test, DuplicatePair pair)
    {
        lock (_lock)
        {
            _pairCount++;
            _isDuplicate[test] = true;
            (int, int, double) rank = (pair.Kinds.HasFlag(DuplicateKinds.SameFile) ? 0 : 1, pair.HashDistance ?? PerceptualHash.BitCount, -(pair.Cosine ?? 0));
            _ = _best.Count < _options.MaximumPairs ? Add(pair, rank) : _best.EnqueueDequeue(pair, rank);
        }

        DuplicatePair Add(DuplicatePair pair, (int, int, double) rank)
        {
            _best.Enqueue(pair, rank);
            return pair;
        }
    }

    /// <summary>The embeddings one after the other; zeros, whose cosines are 0, where there is none.</summary>
    private float[] Contiguous(PhotographTraits[] photographs)
    {
        float[] all = new float[(long)photographs.Length * _size];
        for (int i = 0; i < photographs.Length; i++)
        {
            if (photographs[i].Embedding is { } embedding)
            {
                if (embedding.Length != _size && _size > 0)
                {
                    throw new InvalidOperationException($"The embeddings have {_size} and {embedding.Length} numbers; those of both sets must come from the same model.");
                }

                embedding.AsSpan(0, _size).CopyTo(all.AsSpan(i * _size));
            }
        }

        return all;
    }
}
