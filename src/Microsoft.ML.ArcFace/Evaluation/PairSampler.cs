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

        var space = new PairSpace(images);
        if (space.GenuineCount < folds || space.ImpostorCount < folds)
        {
            throw new ArgumentException(
                $"{images.Count} pictures of {images.Select(image => image.Label).Distinct(StringComparer.Ordinal).Count()} people give {space.GenuineCount} genuine and {space.ImpostorCount} impostor pairs; {folds} folds " +
                $"need at least {folds} of each. Give more people with two or more pictures each, or fewer folds.", nameof(images));
        }

        (int genuine, int impostors) = SampleSizes(space, maximumPairs);
        var random = new Random(seed);
        long[] genuineRanks = SampleRanks(space.GenuineCount, genuine, random);
        long[] impostorRanks = SampleRanks(space.ImpostorCount, impostors, random);

        var pairs = new List<FacePair>(genuine + impostors);
        for (int fold = 0; fold < folds; fold++)
        {
            foreach (long rank in Part(genuineRanks, fold, folds))
            {
                pairs.Add(space.Genuine(rank, fold));
            }

            foreach (long rank in Part(impostorRanks, fold, folds))
            {
                pairs.Add(space.Impostor(rank, fold));
            }
        }

        return pairs;
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

    /// <summary>Draws <paramref name="count"/> different numbers below <paramref name="total"/> in random order (Floyd's algorithm).</summary>
    private static long[] SampleRanks(long total, int count, Random random)
    {
        var ranks = new long[count];
        var taken = new HashSet<long>(count);
        for (int i = 0; i < count; i++)
        {
            long last = total - count + i;
            long candidate = random.NextInt64(last + 1);
            ranks[i] = taken.Add(candidate) ? candidate : last;
            taken.Add(ranks[i]);
        }

        random.Shuffle(ranks);
        return ranks;
    }

    /// <summary>
    /// Numbers all pairs. With pictures sorted by person, picture i pairs with the later ones of its own person
    /// (genuine) and with everything after them (impostors): both are ranges, so cumulative counts find a rank's pair.
    /// </summary>
    private sealed class PairSpace
    {
        private readonly string[] _paths;
        private readonly int[] _personEnd;
        private readonly long[] _genuineBefore;
        private readonly long[] _impostorsBefore;

        public PairSpace(IReadOnlyList<(string Path, string Label)> images)
        {
            (string Path, string Label)[] sorted = [.. images.OrderBy(image => image.Label, StringComparer.Ordinal)];
            int count = sorted.Length;
            _paths = [.. sorted.Select(image => image.Path)];
            _personEnd = new int[count];
            for (int i = count - 1; i >= 0; i--)
            {
                _personEnd[i] = i + 1 < count && sorted[i + 1].Label == sorted[i].Label ? _personEnd[i + 1] : i + 1;
            }

            _genuineBefore = new long[count + 1];
            _impostorsBefore = new long[count + 1];
            for (int i = 0; i < count; i++)
            {
                _genuineBefore[i + 1] = _genuineBefore[i] + (_personEnd[i] - i - 1);
                _impostorsBefore[i + 1] = _impostorsBefore[i] + (count - _personEnd[i]);
            }
        }

        public long GenuineCount => _genuineBefore[^1];

        public long ImpostorCount => _impostorsBefore[^1];

        public FacePair Genuine(long rank, int fold)
        {
            int first = FindFirst(_genuineBefore, rank);
            int second = first + 1 + (int)(rank - _genuineBefore[first]);
            return new FacePair(_paths[first], _paths[second], IsSamePerson: true, fold);
        }

        public FacePair Impostor(long rank, int fold)
        {
            int first = FindFirst(_impostorsBefore, rank);
            int second = _personEnd[first] + (int)(rank - _impostorsBefore[first]);
            return new FacePair(_paths[first], _paths[second], IsSamePerson: false, fold);
        }

        // The last index whose cumulative count is at most the rank: pictures without partners share their count with the next one.
        private static int FindFirst(long[] before, long rank)
        {
            int low = 0;
            int high = before.Length - 1;
            while (high - low > 1)
            {
                int middle = low + (high - low) / 2;
                (low, high) = before[middle] <= rank ? (middle, high) : (low, middle);
            }

            return low;
        }
    }
}
