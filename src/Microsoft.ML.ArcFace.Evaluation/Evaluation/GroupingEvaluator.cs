namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Compares groups of faces with the people whom they show.</summary>
internal static class GroupingEvaluator
{
    /// <param name="people">Whom each face shows.</param>
    /// <param name="groups">The group that each is in, by any number; a negative one: it is in none, which counts as a group of its own.</param>
    /// <exception cref="ArgumentException">The lists differ in length, or a face has no person.</exception>
    /// <exception cref="InvalidOperationException">There are no faces.</exception>
    public static GroupingMetrics Evaluate(IReadOnlyList<string> people, IReadOnlyList<int> groups)
    {
        if (people.Count != groups.Count)
        {
            throw new ArgumentException($"There are the people of {people.Count} faces and the groups of {groups.Count}; each face needs both.", nameof(groups));
        }

        if (people.Count == 0)
        {
            throw new InvalidOperationException("There are no faces, so that no grouping can be judged. Give those that were sorted.");
        }

        // Each face in a group of its own gets a number that no other has.
        long[] groupOf = [.. groups.Select((group, face) => group >= 0 ? group : -1L - face)];
        Dictionary<(string, long), long> together = [];
        Dictionary<string, long> ofPerson = new(StringComparer.Ordinal);
        Dictionary<long, long> inGroup = [];
        for (int face = 0; face < people.Count; face++)
        {
            string person = people[face] is { Length: > 0 } name
                ? name
                : throw new ArgumentException($"Face {face} (from 0) has no person. Say who it is, or leave it out of both lists.", nameof(people));
            Count(together, (person, groupOf[face]));
            Count(ofPerson, person);
            Count(inGroup, groupOf[face]);
        }

        // Of the n faces of a person in a group, each finds n of its group and n of its person.
        double precision = together.Sum(cell => (double)cell.Value * cell.Value / inGroup[cell.Key.Item2]) / people.Count;
        double recall = together.Sum(cell => (double)cell.Value * cell.Value / ofPerson[cell.Key.Item1]) / people.Count;
        return new GroupingMetrics(people.Count, ofPerson.Count, inGroup.Count, Pairs(together.Values), Pairs(ofPerson.Values), Pairs(inGroup.Values), precision, recall);
    }

    private static void Count<T>(Dictionary<T, long> counts, T key)
        where T : notnull => counts[key] = counts.GetValueOrDefault(key) + 1;

    private static long Pairs(IEnumerable<long> counts) => counts.Sum(count => count * (count - 1) / 2);
}
