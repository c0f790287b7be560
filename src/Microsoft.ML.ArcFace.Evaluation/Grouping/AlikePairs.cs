namespace Microsoft.ML.ArcFace.Grouping;

/// <summary>Counts pairs of faces by their cosine, in steps of a thousandth.</summary>
internal sealed class AlikePairs
{
    private const int StepsToOne = 1000;

    private readonly long[] _counts = new long[(2 * StepsToOne) + 1];

    public void Add(float cosine) => _counts[(int)Math.Clamp((cosine + 1.0) * StepsToOne, 0, 2 * StepsToOne)]++;

    public void AddAll(AlikePairs other)
    {
        for (int step = 0; step < _counts.Length; step++)
        {
            _counts[step] += other._counts[step];
        }
    }

    /// <summary>
    /// The lowest cosine at which no more than a share of the pairs over it is expected to show different people (Benjamini and
    /// Hochberg, 1995): by the calibration, all pairs times the false match rate are there by chance, and so many were counted.
    /// </summary>
    /// <param name="threshold">The calibration; where it does not tell the rate, nothing is joined.</param>
    /// <param name="allPairs">Pairs that were compared.</param>
    /// <param name="falseShare">The share, over 0 and below 1.</param>
    public double Cosine(VerificationThreshold threshold, long allPairs, double falseShare)
    {
        // From above; one pair may always be there, so that a single true one is found.
        long over = 0;
        double lowest = 1;
        for (int step = 2 * StepsToOne; step >= 0; step--)
        {
            over += _counts[step];
            double cosine = ((double)step / StepsToOne) - 1;
            if (threshold.FalseMatchRateAt(cosine) is not { } rate)
            {
                break;
            }

            lowest = rate * allPairs <= falseShare * Math.Max(over, 1) ? cosine : lowest;
        }

        return lowest;
    }
}
