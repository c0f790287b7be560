namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Orders photographs so that each batch holds P people × K photographs. An epoch has as many batches as without the
/// sampler; whoever has many photographs comes up more often than who has few.
/// </summary>
internal static class PeopleSampler
{
    /// <summary>Indices of photographs, a batch after the other.</summary>
    /// <param name="labels">The class of each photograph.</param>
    /// <param name="batchSize">P·K.</param>
    /// <param name="photographsPerPerson">K, at least 1.</param>
    /// <param name="random">Decides the order.</param>
    public static IEnumerable<int> Order(IReadOnlyList<int> labels, int batchSize, int photographsPerPerson, Random random)
    {
        int[][] groups = Groups(labels, photographsPerPerson, random);
        random.Shuffle(groups);
        int people = batchSize / photographsPerPerson;
        var fresh = new Queue<int[]>(groups);
        var waiting = new Queue<int[]>();
        int batches = Math.Max(1, labels.Count / batchSize);
        for (int batch = 0; batch < batches; batch++)
        {
            foreach (int[] group in NextBatch(fresh, waiting, groups, people, labels, random))
            {
                foreach (int index in group)
                {
                    yield return index;
                }
            }
        }
    }

    /// <summary>
    /// Each person's photographs in random order, K at a time; the last group is filled up with photographs of the person
    /// that come up again.
    /// </summary>
    private static int[][] Groups(IReadOnlyList<int> labels, int photographsPerPerson, Random random) =>
    [
        .. Enumerable.Range(0, labels.Count).GroupBy(index => labels[index]).SelectMany(person =>
        {
            int[] photographs = [.. person];
            random.Shuffle(photographs);
            return photographs.Chunk(photographsPerPerson)
                .Select(group => Enumerable.Range(0, photographsPerPerson).Select(i => i < group.Length ? group[i] : photographs[i % photographs.Length]).ToArray());
        }),
    ];

    /// <summary>Groups of different people; a person comes twice only where no other is at hand.</summary>
    private static List<int[]> NextBatch(
        Queue<int[]> fresh, Queue<int[]> waiting, int[][] all, int people, IReadOnlyList<int> labels, Random random)
    {
        var batch = new List<int[]>(people);
        var present = new HashSet<int>();

        // Only so many of those who wait are looked at: all of them may be of one person.
        int looks = Math.Min(waiting.Count, 4 * people);
        while (batch.Count < people && (looks > 0 || fresh.Count > 0))
        {
            int[] group = looks-- > 0 ? waiting.Dequeue() : fresh.Dequeue();
            if (present.Add(labels[group[0]]))
            {
                batch.Add(group);
            }
            else
            {
                waiting.Enqueue(group);
            }
        }

        while (batch.Count < people)
        {
            batch.Add(waiting.TryDequeue(out int[]? group) ? group : all[random.Next(all.Length)]);
        }

        return batch;
    }
}
