using System.Globalization;
using System.Text;

namespace Microsoft.ML.ArcFace;

/// <summary>The errors among the pictures of one group at one threshold.</summary>
/// <param name="Group">The group's name.</param>
/// <param name="PictureCount">Pictures of the group that the pairs name.</param>
/// <param name="FalseMatch">FMR: of the pairs of different people of the group, those that are accepted.</param>
/// <param name="FalseNonMatch">FNMR: of the pairs of the same person, those that are not accepted.</param>
public sealed record GroupRates(string Group, int PictureCount, ErrorRate FalseMatch, ErrorRate FalseNonMatch);

/// <summary>
/// Whether a threshold treats groups of people alike: FMR and FNMR within each group (as ISO/IEC 19795-10 has them), each with
/// the pairs that it was counted over.
/// </summary>
public sealed class GroupMetrics
{
    internal GroupMetrics(double cosine, GroupRates[] groups, ErrorRate falseMatchBetweenGroups, ErrorRate falseMatch, ErrorRate falseNonMatch, int ungroupedPairCount)
    {
        Cosine = cosine;
        Groups = Array.AsReadOnly(groups);
        (FalseMatchBetweenGroups, FalseMatch, FalseNonMatch, UngroupedPairCount) = (falseMatchBetweenGroups, falseMatch, falseNonMatch, ungroupedPairCount);
    }

    /// <summary>The threshold: pairs with a greater cosine are accepted.</summary>
    public double Cosine { get; }

    /// <summary>The groups by name.</summary>
    public IReadOnlyList<GroupRates> Groups { get; }

    /// <summary>FMR of the pairs of people of two groups; mostly lower than within a group, for such people look less alike.</summary>
    public ErrorRate FalseMatchBetweenGroups { get; }

    /// <summary>FMR of all pairs of different people.</summary>
    public ErrorRate FalseMatch { get; }

    /// <summary>FNMR of all pairs of the same person.</summary>
    public ErrorRate FalseNonMatch { get; }

    /// <summary>Pairs that count in no group, because a picture has none, or because a person's two pictures have different ones.</summary>
    public int UngroupedPairCount { get; }

    /// <summary>A short table.</summary>
    public override string ToString()
    {
        var table = new StringBuilder();
        table.Append(CultureInfo.InvariantCulture, $"{"Cosine over " + Cosine.ToString("0.0000", CultureInfo.InvariantCulture),-24}{"FMR",-40}FNMR");
        foreach (GroupRates group in Groups)
        {
            Row(group.Group, group.FalseMatch.ToString(), group.FalseNonMatch.ToString());
        }

        Row("between groups", FalseMatchBetweenGroups.ToString(), "");
        Row("all", FalseMatch.ToString(), FalseNonMatch.ToString());
        return table.ToString();

        void Row(string name, string falseMatch, string falseNonMatch) =>
            table.Append('\n').Append(string.Create(CultureInfo.InvariantCulture, $"{name,-24}{falseMatch,-40}{falseNonMatch}").TrimEnd());
    }
}
