using System.Globalization;

namespace Microsoft.ML.ArcFace;

/// <summary>Tells how well a network separates people when it is given certain pixels.</summary>
/// <param name="Pixels">The pixels.</param>
/// <param name="AreaUnderRocCurve">How often a genuine pair has a greater cosine than an impostor pair, 0 to 1; 0.5 is chance.</param>
/// <param name="LowerArea">The lower end of the area's 95 % interval, over people that are drawn with replacement.</param>
/// <param name="UpperArea">The upper end of that interval.</param>
/// <param name="IsAsGoodAsBest">Whether the photographs cannot tell it from the best: it is not worse in 97.5 % of the draws.</param>
public sealed record FacePreprocessingChoice(FacePixels Pixels, double AreaUnderRocCurve, double LowerArea, double UpperArea, bool IsAsGoodAsBest)
{
    /// <summary>Writes pixels, area and interval in the invariant culture.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Pixels}: area {AreaUnderRocCurve:0.0000} [{LowerArea:0.0000}, {UpperArea:0.0000}]{(IsAsGoodAsBest ? "" : ", worse than the best")}");
}
