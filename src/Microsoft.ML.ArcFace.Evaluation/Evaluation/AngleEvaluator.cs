using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Table 3 of the ArcFace paper, and the angles between photographs.</summary>
internal static class AngleEvaluator
{
    /// <summary>Pairs of a kind that are looked at most; beyond, a random sample.</summary>
    private const int MostPairs = 2_000_000;

    /// <param name="rows">Whom each photograph shows, and its embedding, which has a direction.</param>
    /// <param name="unusable">Photographs that were left out, for the message.</param>
    /// <param name="centers">The class centers of the model that made the embeddings; null: without them.</param>
    /// <exception cref="InvalidOperationException">Fewer than two people, or embeddings of another size than the centres.</exception>
    public static AngleMetrics Evaluate(IReadOnlyList<(string Person, float[] Embedding)> rows, int unusable, IReadOnlyList<ClassCenter>? centers)
    {
        (string Person, float[][] Photographs)[] people =
            [.. rows.GroupBy(row => row.Person, row => UnitVectors.Normalized(row.Embedding), StringComparer.Ordinal).Select(person => (person.Key, person.ToArray()))];
        if (people.Length < 2)
        {
            throw new InvalidOperationException(
                $"The data show {Counted.People(people.Length)} in {Counted.Of(rows.Count, "photograph")} with an embedding ({unusable} have none, or no label); angles between people take at least 2. Give more people.");
        }

        if (centers?.FirstOrDefault(center => center.Center.Length != people[0].Photographs[0].Length) is { } other)
        {
            throw new InvalidOperationException(
                $"The embeddings have {people[0].Photographs[0].Length} numbers, the model's class centres {other.Center.Length}. Give data that the same model embedded.");
        }

        float[][] means = [.. people.Select(person => UnitVectors.Mean(person.Photographs))];
        (AngleHistogram positive, AngleHistogram negative) = Pairs(people.Select(person => person.Photographs).ToArray());
        Dictionary<string, float[]> centerOf = (centers ?? []).Where(center => UnitVectors.HasDirection(center.Center)).ToDictionary(center => center.Person, center => UnitVectors.Normalized(center.Center), StringComparer.Ordinal);
        int[] known = [.. Enumerable.Range(0, people.Length).Where(i => centerOf.ContainsKey(people[i].Person))];
        AngleHistogram? own = known.Length == 0 ? null : new AngleHistogram();
        foreach (int i in known)
        {
            Array.ForEach(people[i].Photographs, photograph => own!.Add(UnitVectors.Degrees(photograph, centerOf[people[i].Person])));
        }

        return new AngleMetrics(
            known.Length == 0 ? null : known.Average(i => UnitVectors.Degrees(centerOf[people[i].Person], means[i])),
            centerOf.Count < 2 ? null : MeanNearest([.. centerOf.Values]),
            people.Zip(means).SelectMany(pair => pair.First.Photographs.Select(photograph => UnitVectors.Degrees(photograph, pair.Second))).Average(),
            MeanNearest(means), own, positive, negative, people.Length, known.Length, rows.Count);
    }

    /// <summary>The mean over unit vectors of the smallest angle to another one, in degrees.</summary>
    private static double MeanNearest(float[][] vectors)
    {
        double[] nearest = new double[vectors.Length];
        ParallelLoop.Run(vectors.Length, Environment.ProcessorCount, i =>
        {
            // Single precision finds the neighbour; the angle itself is computed in double.
            int best = i == 0 ? 1 : 0;
            float greatest = float.NegativeInfinity;
            for (int j = 0; j < vectors.Length; j++)
            {
                if (j != i && TensorPrimitives.Dot<float>(vectors[i], vectors[j]) is var cosine && cosine > greatest)
                {
                    (best, greatest) = (j, cosine);
                }
            }

            nearest[i] = UnitVectors.Degrees(vectors[i], vectors[best]);
        });
        return nearest.Average();
    }

    private static (AngleHistogram Positive, AngleHistogram Negative) Pairs(float[][][] people)
    {
        float[][] photographs = [.. people.SelectMany(person => person)];
        int[] personOf = [.. people.SelectMany((person, index) => Enumerable.Repeat(index, person.Length))];
        var random = new Random(0);
        AngleHistogram positive = new(), negative = new();
        long samePairs = people.Sum(person => (long)person.Length * (person.Length - 1) / 2);
        long allPairs = (long)photographs.Length * (photographs.Length - 1) / 2;

        // Each pair of the same person is taken with the probability that gives the number wanted.
        double share = Math.Min(1, (double)MostPairs / Math.Max(1, samePairs));
        foreach (float[][] person in people)
        {
            for (int i = 0; i < person.Length; i++)
            {
                for (int j = i + 1; j < person.Length; j++)
                {
                    if (share >= 1 || random.NextDouble() < share)
                    {
                        positive.Add(UnitVectors.Degrees(person[i], person[j]));
                    }
                }
            }
        }

        if (allPairs - samePairs <= MostPairs)
        {
            for (int i = 0; i < photographs.Length; i++)
            {
                for (int j = i + 1; j < photographs.Length; j++)
                {
                    if (personOf[i] != personOf[j])
                    {
                        negative.Add(UnitVectors.Degrees(photographs[i], photographs[j]));
                    }
                }
            }
        }

        while (allPairs - samePairs > MostPairs && negative.Total < MostPairs)
        {
            int i = random.Next(photographs.Length), j = random.Next(photographs.Length);
            if (personOf[i] != personOf[j])
            {
                negative.Add(UnitVectors.Degrees(photographs[i], photographs[j]));
            }
        }

        return (positive, negative);
    }
}
