using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// Searches of probes in a gallery (ISO/IEC 19795-1; Grother et al., NIST's FRTE 1:N): the score of a person is the
/// greatest cosine to a template of theirs in the gallery. A probe is mated if its person is in the gallery.
/// </summary>
internal static class IdentificationEvaluator
{
    /// <summary>Judges embeddings in single precision.</summary>
    public static IdentificationMetrics Evaluate(
        IReadOnlyList<(string Person, float[] Embedding)> probes, IReadOnlyList<(string Person, float[] Embedding)> gallery, IReadOnlyList<string>? trainedOnPeople = null) =>
        Evaluate(InDoubles(probes), InDoubles(gallery), trainedOnPeople);

    /// <summary>Judges embeddings that have a direction; they need not have unit length.</summary>
    /// <exception cref="InvalidOperationException">There are no probes or no gallery, embeddings differ in size, or no probe is mated.</exception>
    public static IdentificationMetrics Evaluate(
        IReadOnlyList<(string Person, double[] Embedding)> probes, IReadOnlyList<(string Person, double[] Embedding)> gallery, IReadOnlyList<string>? trainedOnPeople = null)
    {
        // Templates of one person stand together: the scores of person p are those of templates starts[p] to starts[p + 1].
        IGrouping<string, double[]>[] people = [.. gallery.GroupBy(entry => entry.Person, entry => UnitLength(entry.Embedding), StringComparer.Ordinal)];
        double[][] templates = [.. people.SelectMany(person => person)];
        int[] starts = new int[people.Length + 1];
        for (int person = 0; person < people.Length; person++)
        {
            starts[person + 1] = starts[person] + people[person].Count();
        }

        Dictionary<string, int> indexOf = people.Select(person => person.Key).Index().ToDictionary(person => person.Item, person => person.Index, StringComparer.Ordinal);
        if (probes.Count == 0 || people.Length == 0)
        {
            throw new InvalidOperationException($"There are {probes.Count} probes and {people.Length} people in the gallery; a search takes at least one of each.");
        }

        int mated = probes.Count(probe => indexOf.ContainsKey(probe.Person));
        if (mated == 0)
        {
            throw new InvalidOperationException(
                $"None of the {probes.Count} probes shows one of the {people.Length} people of the gallery, so there is nothing to find. The labels of both must name people in the same way.");
        }

        int size = templates[0].Length;
        if (probes.Concat(gallery).FirstOrDefault(entry => entry.Embedding.Length != size) is { Embedding: { } other })
        {
            throw new InvalidOperationException($"The embeddings have {size} and {other.Length} numbers; those of probes and gallery must come from the same model.");
        }

        var searches = new Search[probes.Count];
        using var scoresOfThread = new ThreadLocal<double[]>(() => new double[people.Length]);
        ParallelLoop.Run(probes.Count, Environment.ProcessorCount, index =>
        {
            double[] scores = scoresOfThread.Value!;
            Score(UnitLength(probes[index].Embedding), templates, starts, scores);
            searches[index] = Judge(scores, indexOf.GetValueOrDefault(probes[index].Person, -1));
        });

        return new IdentificationMetrics(
            [.. searches.Where(search => search.Rank > 0).Select(search => (search.Rank, search.TopScore))],
            [.. searches.Where(search => search.Rank == 0).Select(search => search.TopScore)],
            people.Length, templates.Length)
        {
            TrainedOnPeople = trainedOnPeople,
        };
    }

    private static (string, double[])[] InDoubles(IReadOnlyList<(string Person, float[] Embedding)> rows) =>
        [.. rows.Select(row => (row.Person, Array.ConvertAll(row.Embedding, value => (double)value)))];

    private static void Score(double[] probe, double[][] templates, int[] starts, double[] scores)
    {
        for (int person = 0; person < scores.Length; person++)
        {
            scores[person] = double.NegativeInfinity;
            for (int template = starts[person]; template < starts[person + 1]; template++)
            {
                scores[person] = Math.Max(scores[person], TensorPrimitives.Dot<double>(probe, templates[template]));
            }
        }
    }

    /// <summary>The mate's rank, from 1; other people with the same score stand before it. 0 without a mate.</summary>
    private static Search Judge(double[] scores, int mate) => new(mate < 0 ? 0 : scores.Count(score => score >= scores[mate]), scores.Max());

    private static double[] UnitLength(double[] vector)
    {
        double length = Math.Sqrt(vector.Sum(value => value * value));
        return Array.ConvertAll(vector, value => value / length);
    }

    private readonly record struct Search(int Rank, double TopScore);
}
