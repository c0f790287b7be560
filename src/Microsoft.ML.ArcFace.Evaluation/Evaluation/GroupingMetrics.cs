using System.Globalization;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Tells how well faces were sorted into people: over pairs of faces, in which people with many photographs count most, and
/// BCubed (Bagga and Baldwin, 1998; Amigó et al., 2009), in which each face counts alike.
/// </summary>
public sealed class GroupingMetrics
{
    internal GroupingMetrics(int faces, int people, int groups, long samePairs, long personPairs, long groupPairs, double precision, double recall)
    {
        (FaceCount, PersonCount, GroupCount) = (faces, people, groups);
        (PairPrecision, PairRecall) = (Share(samePairs, groupPairs), Share(samePairs, personPairs));
        (BCubedPrecision, BCubedRecall) = (precision, recall);
    }

    /// <summary>Of the pairs of faces in one group, the share that shows one person, 0 to 1; null: every group has one face.</summary>
    public double? PairPrecision { get; }

    /// <summary>Of the pairs of faces of one person, the share in one group, 0 to 1; null: every person has one face.</summary>
    public double? PairRecall { get; }

    /// <summary>The harmonic mean of <see cref="PairPrecision"/> and <see cref="PairRecall"/>, 0 to 1; null where one of them is.</summary>
    public double? PairF => PairPrecision is { } precision && PairRecall is { } recall ? HarmonicMean(precision, recall) : null;

    /// <summary>The mean over the faces of the share of the face's group, itself included, that shows its person, over 0 and up to 1.</summary>
    public double BCubedPrecision { get; }

    /// <summary>The mean over the faces of the share of the person's faces, itself included, that are in the face's group, over 0 and up to 1.</summary>
    public double BCubedRecall { get; }

    /// <summary>The harmonic mean of <see cref="BCubedPrecision"/> and <see cref="BCubedRecall"/>, over 0 and up to 1.</summary>
    public double BCubedF => HarmonicMean(BCubedPrecision, BCubedRecall);

    /// <summary>Faces that were sorted.</summary>
    public int FaceCount { get; }

    /// <summary>People whom they show.</summary>
    public int PersonCount { get; }

    /// <summary>Groups that were made of them.</summary>
    public int GroupCount { get; }

    /// <summary>Two lines.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"Pairs: precision {Text(PairPrecision)}, recall {Text(PairRecall)}, F {Text(PairF)}\n" +
        $"BCubed: precision {Text(BCubedPrecision)}, recall {Text(BCubedRecall)}, F {Text(BCubedF)}; {FaceCount} faces of {PersonCount} people in {GroupCount} groups");

    private static string Text(double? share) => share?.ToString("P2", CultureInfo.InvariantCulture) ?? "none";

    private static double? Share(long part, long all) => all == 0 ? null : (double)part / all;

    private static double HarmonicMean(double first, double second) => first + second == 0 ? 0 : 2 * first * second / (first + second);
}
