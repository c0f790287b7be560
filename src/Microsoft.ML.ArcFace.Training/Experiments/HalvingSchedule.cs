namespace Microsoft.ML.ArcFace.Experiments;

/// <summary>How many trials are trained for how many epochs before they are compared.</summary>
internal readonly record struct HalvingRung(int Trials, int Epochs);

/// <summary>Successive halving (Jamieson and Talwalkar, arXiv 1502.07943): few epochs for many trials, many epochs for few.</summary>
internal static class HalvingSchedule
{
    /// <summary>
    /// As many rungs as leave a trial in the last one and the fewest epochs in the first. Rung i of s + 1 has ⌊n/ηⁱ⌋ trials
    /// and R/ηˢ⁻ⁱ epochs, rounded.
    /// </summary>
    /// <param name="trials">n, at least 1.</param>
    /// <param name="reductionFactor">η; 1 for a single rung.</param>
    /// <param name="minEpochs">The fewest epochs of the first rung.</param>
    /// <param name="maxEpochs">R, the epochs of the last rung.</param>
    public static HalvingRung[] Rungs(int trials, int reductionFactor, int minEpochs, int maxEpochs)
    {
        List<long> powers = [1];
        while (reductionFactor > 1 && powers[^1] * reductionFactor is var next && next <= trials && next * minEpochs <= maxEpochs)
        {
            powers.Add(next);
        }

        return [.. powers.Select((power, rung) => new HalvingRung((int)(trials / power), (int)Math.Round((double)maxEpochs / powers[^(rung + 1)], MidpointRounding.AwayFromZero)))];
    }
}
