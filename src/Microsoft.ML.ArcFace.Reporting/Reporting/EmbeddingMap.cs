using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>A picture's place on the map.</summary>
/// <param name="Picture">Its name.</param>
/// <param name="X">Along the direction in which embeddings differ most.</param>
/// <param name="Y">Along the next direction.</param>
internal readonly record struct MapPoint(string Picture, double X, double Y);

/// <summary>
/// Embeddings in two dimensions: their first two principal components, found by power iteration. (ML.NET's randomized analysis
/// misses the second one of few rows by far.)
/// </summary>
/// <param name="Points">The pictures.</param>
/// <param name="ExplainedVariance">The share of the variance of all dimensions that the two show, 0 to 1.</param>
internal sealed record EmbeddingMap(MapPoint[] Points, double ExplainedVariance)
{
    private const int Seed = 1, LeastPoints = 3, Iterations = 200;
    private const float Converged = 1e-6f;

    /// <returns>Null where there are too few pictures, or all are alike.</returns>
    public static EmbeddingMap? Of(IReadOnlyDictionary<string, float[]> embeddings, int mostPoints)
    {
        string[] pictures = [.. embeddings.Keys.Order(StringComparer.Ordinal)];
        if (pictures.Length > mostPoints)
        {
            new Random(Seed).Shuffle(pictures);
            pictures = pictures[..mostPoints];
        }

        if (pictures.Length < LeastPoints)
        {
            return null;
        }

        float[][] rows = Centred([.. pictures.Select(picture => UnitVectors.Normalized(embeddings[picture]))]);
        double variance = rows.Sum(row => (double)TensorPrimitives.SumOfSquares<float>(row));
        if (variance < 1e-12 * rows.Length)
        {
            return null;
        }

        float[] first = Component(rows, orthogonalTo: null), second = Component(rows, first);
        MapPoint[] points = [.. pictures.Zip(rows, (picture, row) => new MapPoint(picture, TensorPrimitives.Dot<float>(row, first), TensorPrimitives.Dot<float>(row, second)))];
        return new EmbeddingMap(points, points.Sum(point => (point.X * point.X) + (point.Y * point.Y)) / variance);
    }

    private static float[][] Centred(float[][] rows)
    {
        float[] mean = new float[rows[0].Length];
        foreach (float[] row in rows)
        {
            TensorPrimitives.MultiplyAdd(row, 1f / rows.Length, mean, mean);
        }

        foreach (float[] row in rows)
        {
            TensorPrimitives.Subtract(row, mean, row);
        }

        return rows;
    }

    /// <summary>The direction of most variance among those orthogonal to another: v ← Xᵀ X v, in unit length, until it stays.</summary>
    private static float[] Component(float[][] rows, float[]? orthogonalTo)
    {
        var random = new Random(Seed);
        float[] direction = [.. rows[0].Select(_ => (float)random.NextDouble() - 0.5f)];
        for (int iteration = 0; iteration < Iterations; iteration++)
        {
            float[] next = new float[direction.Length];
            foreach (float[] row in rows)
            {
                TensorPrimitives.MultiplyAdd(row, TensorPrimitives.Dot<float>(row, direction), next, next);
            }

            if (orthogonalTo is not null)
            {
                TensorPrimitives.MultiplyAdd(orthogonalTo, -TensorPrimitives.Dot<float>(next, orthogonalTo), next, next);
            }

            float length = TensorPrimitives.Norm<float>(next);
            if (length == 0)
            {
                return next;
            }

            TensorPrimitives.Divide(next, length, next);
            bool isConverged = TensorPrimitives.Distance<float>(next, direction) < Converged;
            direction = next;
            if (isConverged)
            {
                break;
            }
        }

        return direction;
    }
}
