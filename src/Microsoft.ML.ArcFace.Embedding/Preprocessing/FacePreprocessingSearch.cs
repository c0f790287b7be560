using System.Globalization;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace;

/// <summary>Tells which pixels a file of a recognizer reads, by trying the usual ones on labeled photographs.</summary>
/// <param name="Choices">All that were tried, the best first.</param>
/// <param name="Chosen">The one to take: of those that are as good as the best, the one that the file says, else the most usual.</param>
/// <param name="Reason">Why that one is taken, in words.</param>
/// <param name="Sha256">The SHA-256 of the file.</param>
/// <param name="PersonCount">People who were compared.</param>
/// <param name="PhotographCount">Photographs that were compared.</param>
/// <param name="GenuinePairCount">Pairs of photographs of one person.</param>
/// <param name="ImpostorPairCount">Pairs of photographs of different people.</param>
public sealed record FacePreprocessingSearch(
    IReadOnlyList<FacePreprocessingChoice> Choices, FacePreprocessingChoice Chosen, string Reason, string Sha256, int PersonCount, int PhotographCount, int GenuinePairCount, int ImpostorPairCount)
{
    /// <summary>An area below this is that of a network that was given something wrong beside the pixels.</summary>
    private const double SmallestUsefulArea = 0.9;

    /// <summary>Tells whether no choice separates people well: photographs that are no aligned faces, wrong labels, or another kind of network are more likely than pixels.</summary>
    public bool IsDoubtful => Choices[0].AreaUnderRocCurve < SmallestUsefulArea;

    /// <summary>Writes a table of the choices and what is taken of them, in the invariant culture.</summary>
    public override string ToString()
    {
        string[] lines =
        [
            string.Create(CultureInfo.InvariantCulture, $"{Counted.People(PersonCount)}, {Counted.Of(PhotographCount, "photograph")}: {GenuinePairCount:N0} genuine and {Counted.Of(ImpostorPairCount, "impostor pair")}"),
            .. Choices.Select(choice => string.Create(CultureInfo.InvariantCulture,
                $"  {choice.Pixels.Name,-16} area {choice.AreaUnderRocCurve:0.0000} [{choice.LowerArea:0.0000}, {choice.UpperArea:0.0000}]  {(choice.IsAsGoodAsBest ? "as good as the best" : "worse")}  {choice.Pixels}")),
            $"Taken: {Chosen.Pixels.Name}, {Reason}.",
        ];
        return string.Join(Environment.NewLine, lines) + (IsDoubtful
            ? $"{Environment.NewLine}No choice separates these people well. Look whether the photographs are aligned faces with the right labels, and whether the file is a recognizer of faces."
            : "");
    }

    /// <summary>The same as a decision.</summary>
    internal FacePixelsDecision Decision => new(Chosen.Pixels, FacePixelsSource.Measured, string.Create(CultureInfo.InvariantCulture,
        $"found on {PhotographCount:N0} photographs of {PersonCount:N0} people: {Reason}"));
}
