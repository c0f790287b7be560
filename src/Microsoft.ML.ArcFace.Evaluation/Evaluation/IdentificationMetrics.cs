using System.Globalization;
using System.Text;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>A working point of an open-set search.</summary>
/// <param name="FalsePositiveIdentificationRate">The share of non-mated probes for which somebody is found; at most the rate that was asked for.</param>
/// <param name="TruePositiveIdentificationRate">The share of mated probes whose person is found first, over the threshold.</param>
/// <param name="Cosine">The threshold: who is nearest is found if the cosine is greater. −1 where everybody may be found.</param>
public readonly record struct IdentificationPoint(double FalsePositiveIdentificationRate, double TruePositiveIdentificationRate, double Cosine)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(IdentificationPoint), PrintMembers);
}

/// <summary>
/// How well people are found in a gallery, in the words of NIST: mated probes show a person of the gallery, non-mated ones
/// do not. False negatives are the rest: FNIR = 1 − TPIR.
/// </summary>
public sealed class IdentificationMetrics
{
    private static readonly int[] UsualRanks = [1, 5, 10];

    private static readonly double[] UsualFalsePositiveRates = [0.1, 0.01, 0.001];

    // Best first.
    private readonly double[] _firstHits, _nonMated;

    /// <param name="mated">Of each mated probe the rank of its person and the greatest score.</param>
    /// <param name="nonMated">The greatest score of each other probe.</param>
    /// <param name="galleryPersonCount">People searched.</param>
    /// <param name="galleryTemplateCount">Templates searched.</param>
    internal IdentificationMetrics((int Rank, double TopScore)[] mated, double[] nonMated, int galleryPersonCount, int galleryTemplateCount)
    {
        (MatedProbeCount, NonMatedProbeCount) = (mated.Length, nonMated.Length);
        (GalleryPersonCount, GalleryTemplateCount) = (galleryPersonCount, galleryTemplateCount);
        _firstHits = [.. mated.Where(probe => probe.Rank == 1).Select(probe => probe.TopScore).OrderDescending()];
        _nonMated = [.. nonMated.OrderDescending()];
        int[] atRank = new int[galleryPersonCount + 1];
        Array.ForEach(mated, probe => atRank[probe.Rank]++);
        double[] characteristic = new double[galleryPersonCount];
        for (int rank = 1, found = 0; rank <= galleryPersonCount; rank++)
        {
            found += atRank[rank];
            characteristic[rank - 1] = (double)found / mated.Length;
        }

        CumulativeMatchCharacteristic = Array.AsReadOnly(characteristic);
    }

    /// <summary>
    /// The CMC curve of the closed set: element k − 1 is the share of mated probes whose person is among the k nearest.
    /// People at the same cosine stand before the right one.
    /// </summary>
    public IReadOnlyList<double> CumulativeMatchCharacteristic { get; }

    /// <summary>
    /// The people of probes and gallery whom the model was trained on, for whom the rates say little about others (docs/evaluation.md); null
    /// where it cannot be told, because the embeddings do not say which model made them, or it does not keep whom it was trained on.
    /// </summary>
    public IReadOnlyList<string>? TrainedOnPeople { get; internal init; }

    /// <summary>Probes that show a person of the gallery.</summary>
    public int MatedProbeCount { get; }

    /// <summary>Probes that show nobody of the gallery.</summary>
    public int NonMatedProbeCount { get; }

    /// <summary>People of the gallery.</summary>
    public int GalleryPersonCount { get; }

    /// <summary>Templates (or pictures) of the gallery; a person's score is the best over theirs.</summary>
    public int GalleryTemplateCount { get; }

    /// <summary>The share of mated probes whose person is among the <paramref name="rank"/> nearest: rank-1, rank-5, … identification rate.</summary>
    /// <param name="rank">1 or more; beyond the people of the gallery the rate is 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rank is below 1.</exception>
    public double IdentificationRate(int rank = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        return CumulativeMatchCharacteristic[Math.Min(rank, GalleryPersonCount) - 1];
    }

    /// <summary>TPIR at a FPIR of the open set.</summary>
    /// <param name="falsePositiveIdentificationRate">FPIR, over 0 and up to 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is outside of (0, 1].</exception>
    /// <exception cref="InvalidOperationException">There are fewer than 1/FPIR non-mated probes: the answer would be a guess.</exception>
    public double TruePositiveIdentificationRate(double falsePositiveIdentificationRate) =>
        TryGetIdentificationPoint(falsePositiveIdentificationRate, out IdentificationPoint point)
            ? point.TruePositiveIdentificationRate
            : throw new InvalidOperationException(Text(
                $"A false-positive identification rate of {falsePositiveIdentificationRate} cannot be measured with {NonMatedProbeCount} non-mated probes; it takes at least {Math.Ceiling(1 / falsePositiveIdentificationRate)}. Give more probes of people who are not in the gallery, or ask for a greater rate."));

    /// <summary>The threshold that keeps a FPIR and what is found with it; false where there are too few non-mated probes to tell.</summary>
    /// <param name="falsePositiveIdentificationRate">FPIR, over 0 and up to 1.</param>
    /// <param name="point">The working point.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is outside of (0, 1].</exception>
    public bool TryGetIdentificationPoint(double falsePositiveIdentificationRate, out IdentificationPoint point)
    {
        if (!(falsePositiveIdentificationRate > 0 && falsePositiveIdentificationRate <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(falsePositiveIdentificationRate), falsePositiveIdentificationRate, "A false-positive identification rate lies over 0 and up to 1.");
        }

        bool isMeasurable = AllowedFalsePositives(falsePositiveIdentificationRate) >= 1;
        point = isMeasurable ? PointAt(falsePositiveIdentificationRate) : default;
        return isMeasurable;
    }

    /// <summary>
    /// The point by its definition, however few non-mated probes (at least one) there are: the threshold is the
    /// floor(FPIR · N)-th highest of their scores, counted from 0, so that no more than that many lie over it.
    /// </summary>
    internal IdentificationPoint PointAt(double falsePositiveIdentificationRate)
    {
        int allowed = AllowedFalsePositives(falsePositiveIdentificationRate);
        double threshold = allowed < _nonMated.Length ? _nonMated[allowed] : double.NegativeInfinity;
        return new IdentificationPoint(
            (double)_nonMated.Count(score => score > threshold) / NonMatedProbeCount,
            (double)_firstHits.Count(score => score > threshold) / MatedProbeCount,
            Math.Max(threshold, -1));
    }

    /// <summary>Gives FPIR and FNIR of every threshold at which somebody is falsely found, from strict to lenient.</summary>
    internal IEnumerable<(double FalsePositiveRate, double FalseNegativeRate)> ErrorCurve()
    {
        int found = 0;
        for (int over = 1; over < _nonMated.Length; over++)
        {
            // The threshold lies at the next score: as many non-mated probes as are over it find somebody.
            while (found < _firstHits.Length && _firstHits[found] > _nonMated[over])
            {
                found++;
            }

            if (_nonMated[over - 1] > _nonMated[over])
            {
                yield return ((double)over / NonMatedProbeCount, 1 - ((double)found / MatedProbeCount));
            }
        }
    }

    /// <summary>A short table: each rate with its 95 % confidence interval and the probes it was counted over.</summary>
    public override string ToString()
    {
        var table = new StringBuilder();
        if (TrainedOnPeople is { Count: > 0 } trainedOn)
        {
            table.Append($"{TrainedPeople.Describe(trainedOn)} The rates flatter the model.\n");
        }

        foreach (int rank in UsualRanks.Where(rank => rank <= GalleryPersonCount))
        {
            Row($"Rank-{rank} rate", IdentificationRate(rank), $"{MatedProbeCount} mated probes, {GalleryPersonCount} people in {GalleryTemplateCount} templates");
        }

        foreach (double rate in UsualFalsePositiveRates)
        {
            if (TryGetIdentificationPoint(rate, out IdentificationPoint point))
            {
                Row($"TPIR at FPIR {rate:0.####}", point.TruePositiveIdentificationRate, $"{MatedProbeCount} mated, {NonMatedProbeCount} non-mated probes; cosine over {point.Cosine:0.000}");
            }
        }

        return table.ToString().TrimEnd();

        void Row(FormattableString name, double rate, FormattableString over)
        {
            (double lower, double upper) = VerificationMetrics.ConfidenceInterval(rate, MatedProbeCount);
            table.Append(Text($"{Text(name),-22}{Text($"{rate,8:P2} [{lower:P2}, {upper:P2}]"),-32}{Text(over)}")).Append('\n');
        }
    }

    /// <summary>Whole probes, with room for the rounding of the product.</summary>
    private int AllowedFalsePositives(double rate) => (int)Math.Floor((rate * NonMatedProbeCount) + 1e-9);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
