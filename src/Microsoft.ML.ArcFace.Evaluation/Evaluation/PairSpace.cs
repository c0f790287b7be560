namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// Numbers all pairs of pictures without holding them. With pictures sorted by person, picture i pairs with the later ones of
/// its own person (genuine) and with everything after them (impostors): both are ranges, so cumulative counts find a rank's pair.
/// </summary>
internal sealed class PairSpace
{
    private readonly int[] _pictures;
    private readonly int[] _personEnd;
    private readonly long[] _genuineBefore;
    private readonly long[] _impostorsBefore;

    private PairSpace(int[] sortedPictures, Func<int, int, bool> areOfOnePerson)
    {
        int count = sortedPictures.Length;
        _pictures = sortedPictures;
        _personEnd = new int[count];
        for (int i = count - 1; i >= 0; i--)
        {
            _personEnd[i] = i + 1 < count && areOfOnePerson(_pictures[i], _pictures[i + 1]) ? _personEnd[i + 1] : i + 1;
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

    /// <param name="people">The person whom each picture shows.</param>
    /// <param name="order">Sorts people; two that it takes for equal are one.</param>
    public static PairSpace Of<TPerson>(IReadOnlyList<TPerson> people, IComparer<TPerson> order) =>
        new([.. Enumerable.Range(0, people.Count).OrderBy(picture => people[picture], order)], (first, second) => order.Compare(people[first], people[second]) == 0);

    /// <summary>The pictures of a genuine pair, from 0.</summary>
    public (int First, int Second) Genuine(long rank)
    {
        int first = FindFirst(_genuineBefore, rank);
        int second = first + 1 + (int)(rank - _genuineBefore[first]);
        return (_pictures[first], _pictures[second]);
    }

    /// <summary>The pictures of an impostor pair, from 0.</summary>
    public (int First, int Second) Impostor(long rank)
    {
        int first = FindFirst(_impostorsBefore, rank);
        int second = _personEnd[first] + (int)(rank - _impostorsBefore[first]);
        return (_pictures[first], _pictures[second]);
    }

    /// <summary>Draws ranks in random order and without replacement: Floyd's sample without replacement, which remembers only what it draws.</summary>
    public static long[] SampleRanks(long total, int count, Random random)
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
