namespace Microsoft.ML.ArcFace.Samples.Charts;

/// <summary>A person's two-dimensional embeddings as angles on the circle, degrees.</summary>
/// <param name="Degrees">Each photograph's angle.</param>
internal sealed record PersonOnCircle(double[] Degrees)
{
    /// <summary>The direction of the mean embedding.</summary>
    public double MeanDegrees { get; } = Math.Atan2(
        Degrees.Average(degrees => Math.Sin(degrees * Math.PI / 180)), Degrees.Average(degrees => Math.Cos(degrees * Math.PI / 180))) * 180 / Math.PI;

    public static IReadOnlyList<PersonOnCircle> Group(IEnumerable<string> labels, IEnumerable<float[]> embeddings) =>
    [
        .. labels.Zip(embeddings).GroupBy(face => face.First, face => face.Second, StringComparer.Ordinal).OrderBy(person => person.Key, StringComparer.Ordinal)
            .Select(person => new PersonOnCircle([.. person.Select(embedding => Math.Atan2(embedding[1], embedding[0]) * 180 / Math.PI)])),
    ];

    /// <summary>
    /// The smallest gap between neighbours on the circle: from where 95 % of one's photographs end to where the next one's
    /// begin at 5 %. Negative where two overlap.
    /// </summary>
    public static double SmallestGap(IReadOnlyList<PersonOnCircle> people)
    {
        PersonOnCircle[] around = [.. people.OrderBy(person => person.MeanDegrees)];
        return Enumerable.Range(0, around.Length).Min(i =>
        {
            PersonOnCircle one = around[i], next = around[(i + 1) % around.Length];
            double between = next.MeanDegrees - one.MeanDegrees + (i + 1 == around.Length ? 360 : 0);
            return between - one.FromMean(0.95) + next.FromMean(0.05);
        });
    }

    /// <summary>A quantile of the angles from the mean direction, −180 to 180 degrees; linear between photographs.</summary>
    private double FromMean(double share)
    {
        double[] sorted = [.. Degrees.Select(degrees => Math.IEEERemainder(degrees - MeanDegrees, 360)).Order()];
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        return sorted[below] + ((place - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]));
    }
}
