namespace Microsoft.ML.ArcFace.Alignment;

/// <summary>
/// A rotation with one scale and a shift: (x, y) → (A·x − B·y + ShiftX, B·x + A·y + ShiftY), as the 2×3 matrix
/// [[A, −B, ShiftX], [B, A, ShiftY]].
/// </summary>
internal readonly record struct SimilarityTransform(double A, double B, double ShiftX, double ShiftY)
{
    /// <summary>How much longer distances become.</summary>
    public double Scale => Math.Sqrt((A * A) + (B * B));

    /// <summary>
    /// The transform that brings points closest to others in the sum of squared distances (Umeyama, "Least-squares
    /// estimation of transformation parameters between two point patterns", 1991; in the plane it has this closed form).
    /// </summary>
    /// <param name="from">Points as x, y, x, y, …</param>
    /// <param name="to">As many points.</param>
    /// <returns>Null if the points are all one, or not numbers.</returns>
    public static SimilarityTransform? Fit(ReadOnlySpan<double> from, ReadOnlySpan<double> to)
    {
        int count = from.Length / 2;
        double meanX = 0, meanY = 0, toMeanX = 0, toMeanY = 0;
        for (int i = 0; i < count; i++)
        {
            meanX += from[2 * i] / count;
            meanY += from[(2 * i) + 1] / count;
            toMeanX += to[2 * i] / count;
            toMeanY += to[(2 * i) + 1] / count;
        }

        double squares = 0, along = 0, across = 0;
        for (int i = 0; i < count; i++)
        {
            double x = from[2 * i] - meanX, y = from[(2 * i) + 1] - meanY, toX = to[2 * i] - toMeanX, toY = to[(2 * i) + 1] - toMeanY;
            squares += (x * x) + (y * y);
            along += (x * toX) + (y * toY);
            across += (x * toY) - (y * toX);
        }

        double a = along / squares, b = across / squares;
        var transform = new SimilarityTransform(a, b, toMeanX - (a * meanX) + (b * meanY), toMeanY - (b * meanX) - (a * meanY));
        return double.IsFinite(transform.ShiftX + transform.ShiftY) && transform.Scale > 0 ? transform : null;
    }

    public (double X, double Y) Apply(double x, double y) => ((A * x) - (B * y) + ShiftX, (B * x) + (A * y) + ShiftY);

    /// <summary>The way back.</summary>
    public SimilarityTransform Inverse()
    {
        double squared = (A * A) + (B * B), a = A / squared, b = -B / squared;
        return new SimilarityTransform(a, b, -((a * ShiftX) - (b * ShiftY)), -((b * ShiftX) + (a * ShiftY)));
    }
}
