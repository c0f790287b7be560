using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>
/// Searches the photographs of a set in a gallery that the set itself gives: the first photograph of each person, by name. Each
/// other photograph of these people is a mated probe. Every photograph is a non-mated probe as well, searched as if its own
/// person were not enrolled.
/// </summary>
internal static class PhotographSearches
{
    private const int Seed = 1;

    /// <summary>Searches for each photograph and counts the errors.</summary>
    /// <param name="embeddings">The embedding of each photograph; they need not have unit length.</param>
    /// <param name="personOf">The person on each photograph; photographs without one are left out.</param>
    /// <param name="mostProbes">The most photographs to search for, a random sample where there are more.</param>
    /// <returns>Null where there is nobody to find: fewer than two people, or one photograph of each.</returns>
    public static IdentificationMetrics? Evaluate(IReadOnlyDictionary<string, float[]> embeddings, IReadOnlyDictionary<string, string> personOf, int mostProbes)
    {
        (string Name, string Person)[] photographs =
        [
            .. embeddings.Keys.Order(StringComparer.Ordinal).Select(name => (Name: name, Person: personOf.GetValueOrDefault(name, ""))).Where(photograph => photograph.Person.Length > 0),
        ];
        (string Name, string Person)[] gallery = [.. photographs.DistinctBy(photograph => photograph.Person, StringComparer.Ordinal)];
        if (gallery.Length < 2 || gallery.Length == photographs.Length)
        {
            return null;
        }

        float[][] templates = [.. gallery.Select(photograph => UnitVectors.Normalized(embeddings[photograph.Name]))];
        HashSet<string> enrolled = [.. gallery.Select(photograph => photograph.Name)];
        Dictionary<string, int> indexOf = gallery.Index().ToDictionary(entry => entry.Item.Person, entry => entry.Index, StringComparer.Ordinal);
        if (photographs.Length > mostProbes)
        {
            new Random(Seed).Shuffle(photographs);
            photographs = photographs[..mostProbes];
        }

        var searches = new (int Rank, float Best, float BestOther)[photographs.Length];
        ParallelLoop.Run(photographs.Length, Environment.ProcessorCount, i =>
            searches[i] = Search(UnitVectors.Normalized(embeddings[photographs[i].Name]), templates, indexOf[photographs[i].Person], isMated: !enrolled.Contains(photographs[i].Name)));
        (int, double)[] mated = [.. searches.Where(search => search.Rank > 0).Select(search => (search.Rank, (double)search.Best))];
        return mated.Length == 0 ? null : new IdentificationMetrics(mated, [.. searches.Select(search => (double)search.BestOther)], gallery.Length, gallery.Length);
    }

    /// <summary>Finds the own person's rank, others at the same cosine before it (0 for a photograph of the gallery), and the best scores.</summary>
    private static (int Rank, float Best, float BestOther) Search(float[] probe, float[][] templates, int own, bool isMated)
    {
        float mate = TensorPrimitives.Dot<float>(probe, templates[own]), bestOther = float.NegativeInfinity;
        int rank = 1;
        for (int person = 0; person < templates.Length; person++)
        {
            if (person != own)
            {
                float score = TensorPrimitives.Dot<float>(probe, templates[person]);
                bestOther = Math.Max(bestOther, score);
                rank += score >= mate ? 1 : 0;
            }
        }

        return (isMated ? rank : 0, Math.Max(mate, bestOther), bestOther);
    }
}
