namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Counts the errors of a threshold within groups.</summary>
internal static class GroupEvaluator
{
    /// <summary>Expected errors at a target that it takes to name a false match rate, as for calibrating a threshold.</summary>
    private const int LeastExpectedErrors = 10;

    /// <summary>Pairs of a kind that it takes to name a rate at all.</summary>
    public const int LeastPairs = 100;

    /// <summary>The number of pairs of different people that it takes to name a false match rate, more where the threshold is for a low one.</summary>
    public static int LeastImpostorPairs(double? targetFalseMatchRate) =>
        targetFalseMatchRate is { } target ? (int)Math.Clamp(Math.Ceiling((LeastExpectedErrors / target) - 1e-6), LeastPairs, int.MaxValue) : LeastPairs;

    /// <param name="compared">The pairs.</param>
    /// <param name="groupOf">The group of each picture; empty or absent: none.</param>
    /// <param name="cosine">Pairs with a greater cosine are accepted.</param>
    /// <param name="leastGenuine">Pairs of the same person that it takes to name a rate.</param>
    /// <param name="leastImpostor">Pairs of different people that it takes to name a rate.</param>
    public static GroupMetrics Evaluate(ComparedPairs compared, IReadOnlyDictionary<string, string> groupOf, double cosine, int leastGenuine, int leastImpostor)
    {
        var genuine = new SortedDictionary<string, Count>(StringComparer.Ordinal);
        var impostor = new SortedDictionary<string, Count>(StringComparer.Ordinal);
        foreach (string group in groupOf.Values.Where(group => group.Length > 0))
        {
            (genuine[group], impostor[group]) = (default, default);
        }

        Count between = default, allGenuine = default, allImpostor = default;
        int ungrouped = 0;
        for (int i = 0; i < compared.Pairs.Count; i++)
        {
            FacePair pair = compared.Pairs[i];
            bool isAccepted = compared.Cosines[i] > cosine, isError = isAccepted != pair.IsSamePerson;
            string first = groupOf.GetValueOrDefault(pair.First, ""), second = groupOf.GetValueOrDefault(pair.Second, "");
            (allGenuine, allImpostor) = pair.IsSamePerson ? (allGenuine.With(isError), allImpostor) : (allGenuine, allImpostor.With(isError));
            if (first.Length == 0 || second.Length == 0 || (pair.IsSamePerson && first != second))
            {
                ungrouped++;
            }
            else if (first != second)
            {
                between = between.With(isError);
            }
            else
            {
                SortedDictionary<string, Count> kind = pair.IsSamePerson ? genuine : impostor;
                kind[first] = kind[first].With(isError);
            }
        }

        Dictionary<string, int> pictures = groupOf.Values.CountBy(group => group, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        return new GroupMetrics(
            cosine,
            [.. genuine.Keys.Select(group => new GroupRates(group, pictures[group], Rate(impostor[group], leastImpostor), Rate(genuine[group], leastGenuine)))],
            Rate(between, leastImpostor), Rate(allImpostor, leastImpostor), Rate(allGenuine, leastGenuine), ungrouped);
    }

    /// <exception cref="ArgumentOutOfRangeException">It is no cosine.</exception>
    public static void CheckThreshold(double cosine)
    {
        if (!(Math.Abs(cosine) <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(cosine), cosine, "A threshold is a cosine from -1 to 1.");
        }
    }

    /// <exception cref="InvalidOperationException">There are none.</exception>
    public static void CheckPairs(int count)
    {
        if (count == 0)
        {
            throw new InvalidOperationException("There are no pairs, so that there is no rate to name. Give pairs of both kinds (AllPairs makes them).");
        }
    }

    private static ErrorRate Rate(Count count, int least) => new(count.Errors, count.Pairs, least);

    private readonly record struct Count(int Errors, int Pairs)
    {
        public Count With(bool isError) => new(Errors + (isError ? 1 : 0), Pairs + 1);
    }
}
