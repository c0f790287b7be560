namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>The thresholds for several false match rates, on impostor pairs that may have weights.</summary>
/// <param name="measured">Rates that pairs decide, falling.</param>
/// <param name="extrapolated">Lower rates, falling.</param>
/// <param name="tail">The share of greatest cosines that tell the slope of the tail.</param>
internal sealed class ThresholdEstimator(double[] measured, double[] extrapolated, double tail)
{
    public int Count => measured.Length + extrapolated.Length;

    /// <summary>The thresholds where each pair counts once.</summary>
    public double[] Estimate(ImpostorPair[] impostors) => Estimate(impostors, static _ => 1, impostors.Length);

    /// <summary>
    /// Walks down the cosines: the threshold of a rate is the first one up to which more than rate · total weighs. A tail whose
    /// excesses over a cosine are exponential with mean σ gives c + σ ln(r/f) for a rate f below the last measured one, r at c.
    /// </summary>
    /// <param name="impostors">By falling cosine.</param>
    /// <param name="weightOf">How often a pair counts.</param>
    /// <param name="total">The weight of all pairs, over 0.</param>
    public double[] Estimate(ImpostorPair[] impostors, Func<ImpostorPair, double> weightOf, double total)
    {
        // With room for the rounding of the products: k of n pairs make k/n · n.
        const double rounding = 1e-9;
        double[] thresholds = new double[Count];
        double slope = double.NaN;
        double weight = 0, moment = 0;
        int open = measured.Length;
        for (int i = 0; i < impostors.Length && (open > 0 || double.IsNaN(slope)); i++)
        {
            ImpostorPair pair = impostors[i];
            double own = weightOf(pair), next = weight + own;
            if (double.IsNaN(slope) && next > (tail * total) + rounding)
            {
                slope = weight > 0 ? (moment / weight) - pair.Cosine : 0;
            }

            while (open > 0 && next > (measured[open - 1] * total) + rounding)
            {
                thresholds[--open] = pair.Cosine;
            }

            moment += own * pair.Cosine;
            weight = next;
        }

        for (int i = 0; i < extrapolated.Length; i++)
        {
            double cosine = thresholds[measured.Length - 1] + (slope * Math.Log(measured[^1] / extrapolated[i]));
            thresholds[measured.Length + i] = Math.Min(cosine, 1);
        }

        return thresholds;
    }
}
