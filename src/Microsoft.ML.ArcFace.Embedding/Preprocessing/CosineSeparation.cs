using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Preprocessing;

/// <summary>
/// Measures how well the cosines of several embeddings of the same faces separate genuine from impostor pairs: the area under the
/// ROC curve, and how it varies with the people. People are drawn with replacement: a genuine pair counts as often as its person
/// was drawn, an impostor pair as often as one of its people times the other; all embeddings are held against the same draws, so that their differences are known better than each.
/// </summary>
internal static class CosineSeparation
{
    private const double Tail = 0.025;

    /// <summary>Measures each of the embeddings.</summary>
    /// <param name="embeddings">Of each choice the embeddings of all faces, one behind the other.</param>
    /// <param name="people">The person of each face, from 0 on.</param>
    /// <param name="resamples">How often people are drawn.</param>
    /// <param name="seed">Decides the draws.</param>
    /// <returns>Of each choice, in the given order: area, its 95 % interval, and whether it is as good as the greatest area.</returns>
    public static (double Area, double Lower, double Upper, bool IsAsGoodAsBest)[] Measure(IReadOnlyList<float[]> embeddings, int[] people, int resamples, int seed)
    {
        (int First, int Second)[] pairs = [.. Enumerable.Range(0, people.Length).SelectMany(first => Enumerable.Range(first + 1, people.Length - first - 1).Select(second => (first, second)))];
        int personCount = people.Max() + 1;
        int[][] draws = Draw(pairs, people, personCount, resamples, new Random(seed));
        var areas = new double[embeddings.Count][];                      // [choice][resample]
        ParallelLoop.Run(embeddings.Count, Math.Min(embeddings.Count, ProcessorThreads.Count), choice =>
        {
            (int First, int Second, float Cosine)[] byCosine = Sorted(embeddings[choice], pairs, people);
            areas[choice] = Array.ConvertAll(draws, drawn => Area(byCosine, drawn));
        });

        // The first draw is each person once.
        int best = Enumerable.Range(0, areas.Length).MaxBy(choice => areas[choice][0]);
        return Array.ConvertAll(areas, of =>
        {
            double[] sorted = [.. of.Skip(1).Order()], behind = [.. of.Skip(1).Zip(areas[best].Skip(1), (area, greatest) => greatest - area).Order()];
            return (of[0], Quantile(sorted, Tail), Quantile(sorted, 1 - Tail), Quantile(behind, Tail) <= 0);
        });
    }

    /// <summary>Counts how often each person was drawn: once each, then by chance, so that there are pairs of both kinds.</summary>
    private static int[][] Draw((int First, int Second)[] pairs, int[] people, int personCount, int resamples, Random random)
    {
        var draws = new List<int[]> { Enumerable.Repeat(1, personCount).ToArray() };
        HashSet<int> withGenuinePairs = [.. pairs.Where(pair => people[pair.First] == people[pair.Second]).Select(pair => people[pair.First])];
        while (draws.Count <= resamples)
        {
            int[] drawn = new int[personCount];
            for (int i = 0; i < personCount; i++)
            {
                drawn[random.Next(personCount)]++;
            }

            if (drawn.Count(times => times > 0) > 1 && withGenuinePairs.Any(person => drawn[person] > 0))
            {
                draws.Add(drawn);
            }
        }

        return [.. draws];
    }

    /// <summary>The pairs by rising cosine, of people instead of faces.</summary>
    private static (int First, int Second, float Cosine)[] Sorted(float[] embeddings, (int First, int Second)[] pairs, int[] people)
    {
        int size = embeddings.Length / people.Length;
        float[] cosines = Array.ConvertAll(pairs, pair =>
            TensorPrimitives.CosineSimilarity(embeddings.AsSpan(pair.First * size, size), embeddings.AsSpan(pair.Second * size, size)) is var cosine && float.IsFinite(cosine) ? cosine : 0);
        var sorted = Array.ConvertAll(pairs, pair => (First: people[pair.First], Second: people[pair.Second], Cosine: 0f));
        for (int i = 0; i < sorted.Length; i++)
        {
            sorted[i].Cosine = cosines[i];
        }

        Array.Sort(cosines, sorted);
        return sorted;
    }

    /// <summary>The share of genuine against impostor pairs with the greater cosine; equal ones count half.</summary>
    private static double Area((int First, int Second, float Cosine)[] byCosine, int[] drawn)
    {
        double genuine = 0, impostors = 0, ordered = 0;
        for (int begin = 0, end; begin < byCosine.Length; begin = end)
        {
            double genuineHere = 0, impostorsHere = 0;
            for (end = begin; end < byCosine.Length && byCosine[end].Cosine == byCosine[begin].Cosine; end++)
            {
                (int first, int second, _) = byCosine[end];
                if (first == second)
                {
                    genuineHere += drawn[first];
                }
                else
                {
                    impostorsHere += (double)drawn[first] * drawn[second];
                }
            }

            ordered += genuineHere * (impostors + (impostorsHere / 2));
            genuine += genuineHere;
            impostors += impostorsHere;
        }

        return ordered / (genuine * impostors);
    }

    private static double Quantile(double[] sorted, double share) => sorted[(int)Math.Round(share * (sorted.Length - 1))];
}
