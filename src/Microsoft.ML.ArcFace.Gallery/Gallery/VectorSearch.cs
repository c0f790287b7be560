using System.Buffers;
using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>
/// The exact search: the cosine to every vector. It takes hardly longer than reading the vectors from memory, so an index that
/// misses some would save little until there are millions.
/// </summary>
internal static class VectorSearch
{
    /// <summary>More than sums of products in single precision are off by, at up to some thousand numbers in a unit vector.</summary>
    private const double SummationError = 1e-5;

    /// <summary>The nearest people, best first.</summary>
    /// <param name="table">The vectors.</param>
    /// <param name="probe">A unit vector of the same size.</param>
    /// <param name="count">How many people, 1 or more.</param>
    /// <param name="maxDegreeOfParallelism">Threads to use; −1: all.</param>
    public static (VectorRow Row, float Score)[] Nearest(VectorTable table, float[] probe, int count, int maxDegreeOfParallelism)
    {
        int threads = maxDegreeOfParallelism == -1 ? Environment.ProcessorCount : maxDegreeOfParallelism;
        count = Math.Min(count, Math.Max(table.Count, 1));
        return (table.KeepsHalves ? ByHalves(table, probe, count, threads) : ByVectors(table, probe, count, threads)).ToArray();
    }

    private static TopPeople ByVectors(VectorTable table, float[] probe, int count, int threads) => EachBlock(table, count, threads, (block, _, top) =>
    {
        for (int place = 0; place < block.Count; place++)
        {
            float score = TensorPrimitives.Dot(block.Vector(place), probe);
            if (score >= top.LeastScore)
            {
                top.Offer(block.Rows[place]!, score);
            }
        }
    });

    /// <summary>
    /// Rounded to half precision a vector x̃ lies at most e from x, so the cosines to a unit vector differ by at most e. The k-th
    /// best person scores at least s̃ − e, s̃ being the k-th best of the rounded scores; whoever reaches that has a rounded
    /// score of s̃ − 2e at least. Those are compared exactly.
    /// </summary>
    private static TopPeople ByHalves(VectorTable table, float[] probe, int count, int threads)
    {
        float[] rounded = ArrayPool<float>.Shared.Rent(table.Count);
        try
        {
            TopPeople nearlyBest = EachBlock(table, count, threads, (block, start, top) =>
            {
                Span<float> vector = stackalloc float[table.Size];
                for (int place = 0; place < block.Count; place++)
                {
                    TensorPrimitives.ConvertToSingle(block.Half(place), vector);
                    float score = rounded[start + place] = TensorPrimitives.Dot(vector, probe);
                    if (score >= top.LeastScore)
                    {
                        top.Offer(block.Rows[place]!, score);
                    }
                }
            });
            float least = (float)(nearlyBest.LeastScore - (2 * (table.GreatestRoundingDistance + SummationError)));
            return EachBlock(table, count, threads, (block, start, top) =>
            {
                for (int place = 0; place < block.Count; place++)
                {
                    if (rounded[start + place] >= least)
                    {
                        top.Offer(block.Rows[place]!, TensorPrimitives.Dot(block.Vector(place), probe));
                    }
                }
            });
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rounded);
        }
    }

    private static TopPeople EachBlock(VectorTable table, int count, int threads, Action<VectorTable.Block, int, TopPeople> search)
    {
        var top = new TopPeople(count);
        int taken = -1;
        ParallelLoop.Run(Math.Min(threads, table.Blocks.Count), threads, _ =>
        {
            var own = new TopPeople(count);
            for (int index; (index = Interlocked.Increment(ref taken)) < table.Blocks.Count;)
            {
                search(table.Blocks[index], index * table.RowsInBlock, own);
            }

            lock (top)
            {
                top.OfferAll(own);
            }
        });
        return top;
    }
}
