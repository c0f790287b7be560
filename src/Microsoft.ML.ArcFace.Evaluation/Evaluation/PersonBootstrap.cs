using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// How thresholds vary with the people they were chosen on. Pairs that share a person are not independent: people are drawn
/// with replacement, and a pair counts as often as its two people were drawn, multiplied (Owen, The Pigeonhole
/// Bootstrap, 2007). Resampling pairs instead would make the interval far too narrow.
/// </summary>
internal static class PersonBootstrap
{
    public const int Resamples = 1000;

    /// <summary>Each threshold of each resample, sorted: [threshold][resample].</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="estimator">Gives the thresholds.</param>
    /// <param name="seed">Decides the draws; the result does not depend on the number of processors.</param>
    public static double[][] Resample(CalibrationPairs pairs, ThresholdEstimator estimator, int seed)
    {
        (int First, int Second, int Count)[] combinations =
            [.. pairs.Impostors.CountBy(pair => (pair.First, pair.Second)).Select(entry => (entry.Key.First, entry.Key.Second, entry.Value))];
        var random = new Random(seed);
        int[] seeds = [.. Enumerable.Range(0, Resamples).Select(_ => random.Next())];
        var estimates = new double[Resamples][];
        ParallelLoop.Run(Resamples, Environment.ProcessorCount, resample =>
        {
            int[] drawn;
            double total;
            var draws = new Random(seeds[resample]);
            do
            {
                drawn = Draw(draws, pairs.PersonCount);
                total = 0;
                foreach ((int first, int second, int count) in combinations)
                {
                    total += (double)count * drawn[first] * drawn[second];
                }
            }
            while (total == 0);                               // people were drawn that no pair is of
            estimates[resample] = estimator.Estimate(pairs.Impostors, pair => drawn[pair.First] * drawn[pair.Second], total);
        });

        return [.. Enumerable.Range(0, estimator.Count).Select(threshold => estimates.Select(of => of[threshold]).Order().ToArray())];
    }

    private static int[] Draw(Random random, int people)
    {
        int[] drawn = new int[people];
        for (int i = 0; i < people; i++)
        {
            drawn[random.Next(people)]++;
        }

        return drawn;
    }
}
