using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>How a person fares.</summary>
/// <param name="Person">Who.</param>
/// <param name="PictureCount">Their pictures in the pairs.</param>
/// <param name="GenuineCount">Pairs of two of these.</param>
/// <param name="FalseNonMatchCount">Those of them that are not accepted.</param>
/// <param name="LowestGenuine">The lowest cosine of them; null without such pairs.</param>
/// <param name="ImpostorCount">Pairs with another person.</param>
/// <param name="FalseMatchCount">Those of them that are accepted.</param>
/// <param name="HighestImpostor">The highest cosine of them; null without such pairs.</param>
/// <param name="NearestPerson">Whom that one is with.</param>
internal sealed record PersonSummary(
    string Person, int PictureCount, int GenuineCount, int FalseNonMatchCount, double? LowestGenuine, int ImpostorCount, int FalseMatchCount, double? HighestImpostor, string? NearestPerson)
{
    /// <summary>Everybody whom the pairs show, those with the most errors first, then those nearest to one.</summary>
    /// <param name="compared">The pairs.</param>
    /// <param name="personOf">Whom each picture shows; pictures of nobody count for nobody.</param>
    /// <param name="cosine">Pairs with a greater cosine are accepted.</param>
    public static PersonSummary[] Of(ComparedPairs compared, IReadOnlyDictionary<string, string> personOf, double cosine)
    {
        Dictionary<string, PersonSummary> people = personOf.Values.Where(person => person.Length > 0).CountBy(person => person, StringComparer.Ordinal)
            .ToDictionary(person => person.Key, person => new PersonSummary(person.Key, person.Value, 0, 0, null, 0, 0, null, null), StringComparer.Ordinal);
        for (int i = 0; i < compared.Pairs.Count; i++)
        {
            (FacePair pair, double score) = (compared.Pairs[i], compared.Cosines[i]);
            string first = personOf.GetValueOrDefault(pair.First, ""), second = personOf.GetValueOrDefault(pair.Second, "");
            if (pair.IsSamePerson)
            {
                Change(first, person => person.WithGenuine(score, cosine));
            }
            else
            {
                Change(first, person => person.WithImpostor(score, cosine, second));
                Change(second, person => person.WithImpostor(score, cosine, first));
            }
        }

        return [.. people.Values
            .OrderByDescending(person => person.FalseNonMatchCount + person.FalseMatchCount)
            .ThenByDescending(person => Math.Max((person.HighestImpostor ?? -1) - cosine, cosine - (person.LowestGenuine ?? 1)))
            .ThenBy(person => person.Person, StringComparer.Ordinal)];

        void Change(string person, Func<PersonSummary, PersonSummary> change)
        {
            if (person.Length > 0)
            {
                people[person] = change(people[person]);
            }
        }
    }

    private PersonSummary WithGenuine(double score, double cosine) => this with
    {
        GenuineCount = GenuineCount + 1,
        FalseNonMatchCount = FalseNonMatchCount + (score > cosine ? 0 : 1),
        LowestGenuine = Math.Min(LowestGenuine ?? 1, score),
    };

    private PersonSummary WithImpostor(double score, double cosine, string other)
    {
        bool isNearest = HighestImpostor is null || score > HighestImpostor;
        return this with
        {
            ImpostorCount = ImpostorCount + 1,
            FalseMatchCount = FalseMatchCount + (score > cosine ? 1 : 0),
            HighestImpostor = isNearest ? score : HighestImpostor,
            NearestPerson = isNearest ? other : NearestPerson,
        };
    }
}
