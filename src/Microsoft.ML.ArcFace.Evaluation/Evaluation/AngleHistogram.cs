namespace Microsoft.ML.ArcFace;

/// <summary>How often angles of 0 to 180 degrees occur, degree by degree.</summary>
public sealed class AngleHistogram
{
    private readonly long[] _counts = new long[180];
    private double _sum;

    internal AngleHistogram()
    {
    }

    /// <summary>180 counts; number i is of angles from i to i + 1 degrees, the last one with 180 itself.</summary>
    public IReadOnlyList<long> Counts => Array.AsReadOnly(_counts);

    /// <summary>How many angles there are.</summary>
    public long Total { get; private set; }

    /// <summary>Their mean in degrees, from the angles themselves; null where there are none.</summary>
    public double? MeanDegrees => Total == 0 ? null : _sum / Total;

    /// <summary>The angle that a share of the angles lies below, to a fraction of a degree.</summary>
    /// <param name="share">0 to 1.</param>
    /// <returns>Degrees; NaN where there are no angles.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The share is outside of 0 to 1.</exception>
    public double Quantile(double share)
    {
        if (!(share >= 0 && share <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(share), share, "A share lies from 0 to 1.");
        }

        double wanted = share * Total, below = 0;
        for (int degree = 0; degree < _counts.Length; degree++)
        {
            if (_counts[degree] > 0 && below + _counts[degree] >= wanted)
            {
                return degree + ((wanted - below) / _counts[degree]);
            }

            below += _counts[degree];
        }

        return double.NaN;
    }

    internal void Add(double degrees)
    {
        _counts[Math.Clamp((int)degrees, 0, 179)]++;
        _sum += degrees;
        Total++;
    }
}
