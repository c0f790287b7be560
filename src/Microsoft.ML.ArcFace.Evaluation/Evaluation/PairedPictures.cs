using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Makes pairs name pictures as the data do, before anything is embedded.</summary>
internal static class PairedPictures
{
    /// <summary>Lists the names that pairs use.</summary>
    /// <exception cref="ArgumentException">A pair is null.</exception>
    public static HashSet<string> Wanted(IReadOnlyList<FacePair> pairs)
    {
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < pairs.Count; i++)
        {
            FacePair pair = pairs[i] ?? throw new ArgumentException($"Pair {i} (from 0) is null.", nameof(pairs));
            wanted.Add(pair.First);
            wanted.Add(pair.Second);
        }

        return wanted;
    }

    /// <summary>Finds the pictures of pairs among those that are there.</summary>
    /// <param name="pictures">The names of those that are there.</param>
    /// <param name="pairs">The pairs.</param>
    /// <param name="wanted">The names that they use; afterwards those of the result.</param>
    /// <param name="where">Where the pictures' names stand, for the message, such as "the column 'RelativePath'".</param>
    /// <param name="renamed">Tells in a sentence that pictures are there under other names; null: all are there under the pairs' own.</param>
    /// <returns>The same pairs if all names are there, otherwise pairs with the names that are.</returns>
    /// <exception cref="InvalidOperationException">A picture is absent.</exception>
    public static IReadOnlyList<FacePair> Find(IEnumerable<string> pictures, IReadOnlyList<FacePair> pairs, HashSet<string> wanted, string where, out string? renamed)
    {
        var names = new PictureNames(wanted);
        foreach (string picture in pictures)
        {
            names.Add(picture);
        }

        Dictionary<string, string> otherNames = names.OtherNames(where);
        renamed = null;
        if (otherNames.Count == 0)
        {
            return pairs;
        }

        (string name, string other) = otherNames.MinBy(names => names.Key, StringComparer.Ordinal);
        renamed = $"{otherNames.Count} pictures of the pairs are there under other names, such as '{ShownName.Of(name)}' as '{ShownName.Of(other)}'.";
        wanted.ExceptWith(otherNames.Keys);
        wanted.UnionWith(otherNames.Values);
        return [.. pairs.Select(pair => pair with { First = otherNames.GetValueOrDefault(pair.First, pair.First), Second = otherNames.GetValueOrDefault(pair.Second, pair.Second) })];
    }
}
