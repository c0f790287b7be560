using System.ComponentModel;
using System.Globalization;
using System.Text;

namespace Microsoft.ML.ArcFace.Postgres;

/// <summary>What can be set about a gallery in PostgreSQL.</summary>
public sealed record PostgresGalleryOptions : IdentificationOptions
{
    /// <summary>
    /// The schema that holds the tables; it is made if it is not there. A lowercase name of letters, digits and underscores, up to 63
    /// characters. A database has room for many galleries, a schema each. Default "faces".
    /// </summary>
    public string Schema { get; init; } = "faces";

    /// <summary>
    /// How many photographs the index finds for a search, which are then compared exactly, 1 to 10,000: more find more of the nearest,
    /// and take longer. <see cref="PostgresFaceGallery.MeasureRecallAsync"/> tells how many are enough. Default 200.
    /// </summary>
    public int CandidateCount { get; init; } = 200;

    /// <summary>Neighbors of a photograph in the index, 2 to 100; counts when the gallery is made. Default 16, pgvector's own.</summary>
    public int IndexNeighborCount { get; init; } = 16;

    /// <summary>Spells <see cref="IndexNeighborCount"/> as programs did before the names became American.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public int IndexNeighbourCount
    {
        get => IndexNeighborCount;
        init => IndexNeighborCount = value;
    }

    /// <summary>Photographs that are looked at to place one in the index, 4 to 1,000 and at least twice the neighbors; counts when the gallery is made. Default 128.</summary>
    public int IndexCandidateCount { get; init; } = 128;

    /// <summary>Whether every photograph is compared instead of using the index: exact, in time that grows with the gallery. Default false.</summary>
    public bool SearchExactly { get; init; }

    /// <summary>Writes the values by name, each under one name.</summary>
    protected override bool PrintMembers(StringBuilder builder)
    {
        if (base.PrintMembers(builder))
        {
            builder.Append(", ");
        }

        builder.Append(CultureInfo.InvariantCulture,
            $"{nameof(Schema)} = {Schema}, {nameof(CandidateCount)} = {CandidateCount}, {nameof(IndexNeighborCount)} = {IndexNeighborCount}, {nameof(IndexCandidateCount)} = {IndexCandidateCount}, {nameof(SearchExactly)} = {SearchExactly}");
        return true;
    }

    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    internal void Check()
    {
        string[] violations =
        [
            .. Violation(Schema is { Length: >= 1 and <= 63 } && Schema.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '_') && !char.IsAsciiDigit(Schema[0]),
                $"{nameof(Schema)} is '{Schema}'; it must have 1 to 63 lowercase letters, digits and underscores, and not begin with a digit."),
            .. Violation(CandidateCount is >= 1 and <= 10_000, $"{nameof(CandidateCount)} is {CandidateCount}; it must be from 1 to 10000."),
            .. Violation(IndexNeighborCount is >= 2 and <= 100, $"{nameof(IndexNeighborCount)} is {IndexNeighborCount}; it must be from 2 to 100."),
            .. Violation(IndexCandidateCount is >= 4 and <= 1000 && IndexCandidateCount >= 2 * IndexNeighborCount,
                $"{nameof(IndexCandidateCount)} is {IndexCandidateCount}; it must be from 4 to 1000, and at least twice {nameof(IndexNeighborCount)}."),
        ];
        if (violations.Length > 0)
        {
            throw new ArgumentOutOfRangeException("options", string.Join(Environment.NewLine, violations));
        }

        static IEnumerable<string> Violation(bool isRight, string violation) => isRight ? [] : [violation];
    }
}

/// <summary>What the index finds of what an exact search finds.</summary>
/// <param name="Recall">The share of the nearest people of the exact search that the index finds too, 0 to 1.</param>
/// <param name="FirstRecall">The share of searches whose nearest person is the same.</param>
/// <param name="ProbeCount">Searches.</param>
/// <param name="Count">People that each looks for.</param>
/// <param name="IndexTime">Mean time of a search by the index, to the server and back.</param>
/// <param name="ExactTime">Mean time of an exact search.</param>
public sealed record SearchRecall(double Recall, double FirstRecall, int ProbeCount, int Count, TimeSpan IndexTime, TimeSpan ExactTime)
{
    /// <summary>Writes one line: what is found, and in what time.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"recall {Recall:P2} of the {Count} nearest, {FirstRecall:P2} of the nearest, over {ProbeCount} probes; {IndexTime.TotalMilliseconds:0.0} ms with the index, {ExactTime.TotalMilliseconds:0.0} ms without");
}
