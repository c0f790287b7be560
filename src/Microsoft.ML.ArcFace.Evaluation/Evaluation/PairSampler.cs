namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// Makes verification pairs from labelled pictures: all of them, or a random sample with as many genuine as impostor
/// pairs where all would be too many. Pairs are addressed by their rank, so that memory grows with the sample only.
/// </summary>
internal static class PairSampler
{
    /// <summary>Pairs that are made at most unless the caller says otherwise.</summary>
    public const int DefaultMaximumPairs = 1_000_000;

    /// <summary>Pairs every picture with every other one.</summary>
    /// <param name="images">Path and label (the person) of each picture; every path once.</param>
    /// <param name="maximumPairs">
    /// From 2 · <paramref name="folds"/>. If there are more pairs, a sample of this size is drawn without replacement,
    /// half of it genuine, half impostor (more of one where the other has fewer).
    /// </param>
    /// <param name="folds">
    /// From 2. Each class is cut into that many random parts of equal size (±1). People occur in several folds: only
    /// the threshold is fitted on the other folds.
    /// </param>
    /// <param name="seed">Seed of the sample and of the folds.</param>
    /// <returns>The pairs ordered by fold, the genuine ones of a fold first.</returns>
    public static IReadOnlyList<FacePair> AllPairs(
        IReadOnlyList<(string Path, string Label)> images, int maximumPairs = DefaultMaximumPairs, int folds = 10, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(folds, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumPairs, 2L * folds, nameof(maximumPairs));
        CheckImages(images);

        PairSpace space = PairSpace.Of([.. images.Select(image => image.Label)], StringComparer.Ordinal);
        if (space.GenuineCount < folds || space.ImpostorCount < folds)
        {
            throw new ArgumentException(
                $"{images.Count} pictures of {images.Select(image => image.Label).Distinct(StringComparer.Ordinal).Count()} people give {space.GenuineCount} genuine and {space.ImpostorCount} impostor pairs; {folds} folds " +
                $"need at least {folds} of each. Give more people with two or more pictures each, or fewer folds.", nameof(images));
        }

        (int genuine, int impostors) = SampleSizes(space, maximumPairs);
        var random = new Random(seed);
        long[] genuineRanks = PairSpace.SampleRanks(space.GenuineCount, genuine, random);
        long[] impostorRanks = PairSpace.SampleRanks(space.ImpostorCount, impostors, random);

        var pairs = new List<FacePair>(genuine + impostors);
        for (int fold = 0; fold < folds; fold++)
        {
            foreach (long rank in Part(genuineRanks, fold, folds))
            {
                pairs.Add(Pair(space.Genuine(rank), isSamePerson: true, fold));
            }

            foreach (long rank in Part(impostorRanks, fold, folds))
            {
                pairs.Add(Pair(space.Impostor(rank), isSamePerson: false, fold));
            }
        }

        return pairs;

        FacePair Pair((int First, int Second) pictures, bool isSamePerson, int fold) => new(images[pictures.First].Path, images[pictures.Second].Path, isSamePerson, fold);
    }

    private static void CheckImages(IReadOnlyList<(string Path, string Label)> images)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string path, string label) in images)
        {
            if (string.IsNullOrEmpty(path) || string.IsNullOrEmpty(label))
            {
                throw new ArgumentException($"A picture has path '{path}' and label '{label}'; both are needed.", nameof(images));
            }

            if (!seen.Add(path))
            {
                throw new ArgumentException($"The picture '{path}' occurs more than once; a picture is not compared with itself.", nameof(images));
            }
        }
    }

    private static (int Genuine, int Impostors) SampleSizes(PairSpace space, int maximumPairs)
    {
        if (space.GenuineCount + space.ImpostorCount <= maximumPairs)
        {
            return ((int)space.GenuineCount, (int)space.ImpostorCount);
        }

        int half = maximumPairs / 2;
        long genuine = Math.Min(space.GenuineCount, Math.Max(half, maximumPairs - space.ImpostorCount));
        return ((int)genuine, (int)Math.Min(space.ImpostorCount, maximumPairs - genuine));
    }

    private static Span<long> Part(long[] ranks, int fold, int folds)
    {
        int start = (int)((long)ranks.Length * fold / folds);
        int end = (int)((long)ranks.Length * (fold + 1) / folds);
        return ranks.AsSpan(start..end);
    }
}
