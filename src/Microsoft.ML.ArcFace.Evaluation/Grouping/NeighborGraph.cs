using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Grouping;

/// <summary>
/// Finds the pairs of faces that are alike: the cosine of every face to every one behind it, in blocks that stay in the
/// processor's cache. The work grows with the square of the faces; what is kept is bounded, whatever the faces are.
/// </summary>
internal static class NeighborGraph
{
    /// <summary>Pairs that are kept at most; where a face has more than its share of them, its nearest.</summary>
    public const int MostPairs = 20_000_000;

    /// <summary>Rows between two looks at whether the work is to stop, those that a thread takes at once, and columns that stay in the cache meanwhile.</summary>
    private const int RowsAtOnce = 256, RowsOfThread = 16, ColumnsAtOnce = 64;

    /// <summary>Lists for each face those behind it that are alike, by their index.</summary>
    /// <param name="faces">Unit vectors of one length.</param>
    /// <param name="least">Pairs of this cosine or less are left out.</param>
    /// <param name="mostPairs">Pairs that are kept at most, <see cref="MostPairs"/> but in tests.</param>
    /// <param name="alike">Counts the pairs of a greater cosine than that, kept or not.</param>
    /// <param name="observer">Is told how far it is, and may stop it.</param>
    public static int[][] Find(float[][] faces, double least, int mostPairs, AlikePairs alike, WorkObserver observer)
    {
        int count = faces.Length, most = Math.Max(1, mostPairs / Math.Max(count, 1));
        int[][] neighbors = new int[count][];
        using WorkMeter meter = observer.Begin("pairs of faces compared", (long)count * (count - 1) / 2);
        for (int start = 0; start < count; start += RowsAtOnce)
        {
            int from = start, end = Math.Min(start + RowsAtOnce, count);
            ParallelLoop.Run((end - from + RowsOfThread - 1) / RowsOfThread, ProcessorThreads.Count, part =>
            {
                int first = from + (part * RowsOfThread), last = Math.Min(first + RowsOfThread, end);
                Compare(faces, first, last, least, most, alike).CopyTo(neighbors.AsSpan(first));
            });
            meter.Advance(Enumerable.Range(from, end - from).Sum(row => count - 1L - row));
        }

        return neighbors;
    }

    private static int[][] Compare(float[][] faces, int first, int last, double least, int most, AlikePairs alike)
    {
        var counted = new AlikePairs();
        var rows = new NearestFaces[last - first];
        for (int row = 0; row < rows.Length; row++)
        {
            rows[row] = new NearestFaces(most);
        }

        for (int columns = first + 1; columns < faces.Length; columns += ColumnsAtOnce)
        {
            int end = Math.Min(columns + ColumnsAtOnce, faces.Length);
            for (int row = first; row < last; row++)
            {
                for (int column = Math.Max(columns, row + 1); column < end; column++)
                {
                    float cosine = TensorPrimitives.Dot<float>(faces[row], faces[column]);
                    if (cosine > least)
                    {
                        rows[row - first].Add(column, cosine);
                        counted.Add(cosine);
                    }
                }
            }
        }

        lock (alike)
        {
            alike.AddAll(counted);
        }

        return Array.ConvertAll(rows, row => row.ToIndices());
    }

    /// <summary>Keeps the nearest faces; of those that are equally near, those of the lower index.</summary>
    private sealed class NearestFaces(int most)
    {
        private readonly List<(float Cosine, int Face)> _faces = [];

        public void Add(int face, float cosine)
        {
            _faces.Add((cosine, face));

            // Each is sorted a few times at most, because half of the list is new whenever it is sorted.
            if (_faces.Count >= 2L * most)
            {
                Trim();
            }
        }

        public int[] ToIndices()
        {
            if (_faces.Count > most)
            {
                Trim();
            }

            int[] indices = [.. _faces.Select(face => face.Face)];
            Array.Sort(indices);
            return indices;
        }

        private void Trim()
        {
            _faces.Sort(static (x, y) => x.Cosine != y.Cosine ? y.Cosine.CompareTo(x.Cosine) : x.Face.CompareTo(y.Face));
            _faces.RemoveRange(most, _faces.Count - most);
        }
    }
}
