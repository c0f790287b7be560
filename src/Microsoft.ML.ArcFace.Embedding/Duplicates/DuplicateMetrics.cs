using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>In what two photographs agree.</summary>
[Flags]
[JsonConverter(typeof(JsonStringEnumConverter<DuplicateKinds>))]
public enum DuplicateKinds
{
    /// <summary>In nothing.</summary>
    None = 0,

    /// <summary>The files are the same, byte for byte.</summary>
    SameFile = 1,

    /// <summary>They look the same: compressed, resized or lightened anew.</summary>
    SameLook = 2,

    /// <summary>The embeddings are near-identical.</summary>
    SameEmbedding = 4,
}

/// <summary>A photograph of the test set and one of the training set that seem to be the same.</summary>
/// <param name="TestName">The one of the test set.</param>
/// <param name="TrainName">The one of the training set.</param>
/// <param name="Kinds">In what they agree.</param>
/// <param name="HashDistance">Bits of 256 that differ in their perceptual hashes; null where these were not compared.</param>
/// <param name="Cosine">Of their embeddings; null where these were not compared.</param>
/// <param name="TestLabel">Whom the one of the test set is said to show; empty where labels were not read.</param>
/// <param name="TrainLabel">Whom the other is said to show.</param>
public sealed record DuplicatePair(string TestName, string TrainName, DuplicateKinds Kinds, int? HashDistance, double? Cosine, string TestLabel, string TrainLabel)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(DuplicatePair), PrintMembers);
}

/// <summary>Photographs that are on both sides of a split: what the model has seen in training says nothing about others.</summary>
public sealed class DuplicateMetrics
{
    private const int PrintedPairs = 10;

    internal DuplicateMetrics(DuplicatePair[] pairs, long pairCount, int testDuplicateCount, int testCount, long trainCount, int unreadableCount)
    {
        Pairs = Array.AsReadOnly(pairs);
        (PairCount, TestDuplicateCount, TestCount, TrainCount, UnreadableCount) = (pairCount, testDuplicateCount, testCount, trainCount, unreadableCount);
    }

    /// <summary>The pairs, the most alike first: same files, then by the bits of the hash, then by cosine; at most <see cref="DuplicateOptions.MaximumPairs"/>.</summary>
    public IReadOnlyList<DuplicatePair> Pairs { get; }

    /// <summary>All pairs that were found, listed or not.</summary>
    public long PairCount { get; }

    /// <summary>Photographs of the test set with a duplicate in the training set.</summary>
    public int TestDuplicateCount { get; }

    /// <summary>Photographs of the test set.</summary>
    public int TestCount { get; }

    /// <summary>Photographs of the training set.</summary>
    public long TrainCount { get; }

    /// <summary>Photographs of both that could not be read, or whose embedding is zero; they were not compared by it.</summary>
    public int UnreadableCount { get; }

    /// <summary>A summary and the first pairs.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{TestDuplicateCount} of {TestCount} photographs of the test set are in the training set of {TrainCount}, too ({PairCount} pairs).");
        text.Append(UnreadableCount == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" {UnreadableCount} could not be read."));
        foreach (DuplicatePair pair in Pairs.Take(PrintedPairs))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{pair.TestName} = {pair.TrainName}: {pair.Kinds}");
            text.Append(pair.TestLabel == pair.TrainLabel ? "" : $"; labelled '{pair.TestLabel}' and '{pair.TrainLabel}'");
        }

        return text.Append(PairCount > PrintedPairs ? "\n…" : "").ToString();
    }
}
