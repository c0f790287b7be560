namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>How often cosines fall into bins of equal width, of each kind of pair by itself.</summary>
/// <param name="Start">The lower end of the first bin.</param>
/// <param name="Genuine">The share of the pairs of the same person in each bin.</param>
/// <param name="Impostor">The share of the pairs of different people in each bin.</param>
internal sealed record CosineHistogram(double Start, double[] Genuine, double[] Impostor)
{
    public const double BinWidth = 0.02;

    private const int BinsOfAll = 100;

    /// <summary>The lower end of a bin.</summary>
    public double StartOf(int bin) => Start + (bin * BinWidth);

    /// <summary>Counts from the lowest bin that holds a cosine to the highest.</summary>
    public static CosineHistogram Of(double[] cosines, bool[] isSame)
    {
        double[] genuine = new double[BinsOfAll], impostor = new double[BinsOfAll];
        double genuineShare = 1.0 / isSame.Count(same => same), impostorShare = 1.0 / isSame.Count(same => !same);
        for (int i = 0; i < cosines.Length; i++)
        {
            int bin = BinOf(cosines[i]);
            (isSame[i] ? genuine : impostor)[bin] += isSame[i] ? genuineShare : impostorShare;
        }

        int first = BinOf(cosines.Min()), end = BinOf(cosines.Max()) + 1;
        return new CosineHistogram(-1 + (first * BinWidth), genuine[first..end], impostor[first..end]);
    }

    // With room for the rounding of the quotient, so that 0.5 begins a bin.
    private static int BinOf(double cosine) => Math.Clamp((int)(((cosine + 1) / BinWidth) + 1e-9), 0, BinsOfAll - 1);
}
