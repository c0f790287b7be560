using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// What is done to a training photograph before each pass, at random and anew each time. Amounts are the largest
/// deviation; each photograph draws its own, uniformly.
/// </summary>
public sealed record FaceAugmentation
{
    /// <summary>The mirror image in half of the passes and nothing else: the papers' recipe, for large sets.</summary>
    public static FaceAugmentation MirrorOnly { get; } = new();

    /// <summary>Light changes of place, size, angle, light and colour, for small sets.</summary>
    public static FaceAugmentation Light { get; } = new()
    {
        ShiftPixels = 4,
        ScaleFraction = 0.08,
        RotationDegrees = 6,
        BrightnessFraction = 0.2,
        ContrastFraction = 0.2,
        SaturationFraction = 0.3,
        GreyProbability = 0.1,
        ErasingProbability = 0.25,
    };

    /// <summary>Whether half of the passes see the mirror image. Default true.</summary>
    public bool Mirror { get; init; } = true;

    /// <summary>Shift along each axis, in pixels of 112, 0 to 56. Default 0.</summary>
    public double ShiftPixels { get; init; }

    /// <summary>Change of size, 0.1 being 10 % larger or smaller, 0 to 0.5. Default 0.</summary>
    public double ScaleFraction { get; init; }

    /// <summary>Turn in the image plane, in degrees, 0 to 45. Default 0.</summary>
    public double RotationDegrees { get; init; }

    /// <summary>Change of brightness as a share of it, 0 to 1. Default 0.</summary>
    public double BrightnessFraction { get; init; }

    /// <summary>Change of contrast around the photograph's mean as a share of it, 0 to 1. Default 0.</summary>
    public double ContrastFraction { get; init; }

    /// <summary>Change of colour saturation as a share of it, 0 to 1. Default 0.</summary>
    public double SaturationFraction { get; init; }

    /// <summary>Probability of a grey photograph, 0 to 1. Default 0.</summary>
    public double GreyProbability { get; init; }

    /// <summary>Probability that a rectangle of 2 to 15 % of the area is filled with noise (Zhong et al., arXiv 1708.04896), 0 to 1. Default 0.</summary>
    public double ErasingProbability { get; init; }

    /// <summary>Probability that a photograph is reduced to 16 to 56 pixels and enlarged again, as faces far from a camera look, 0 to 1. Default 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double ReductionProbability { get; init; }

    /// <summary>Whether any pixel moves other than by mirroring.</summary>
    internal bool IsGeometric => ShiftPixels > 0 || ScaleFraction > 0 || RotationDegrees > 0;

    /// <summary>Whether colours change.</summary>
    internal bool IsPhotometric => BrightnessFraction > 0 || ContrastFraction > 0 || SaturationFraction > 0 || GreyProbability > 0;

    internal IReadOnlyList<string> Violations()
    {
        var check = new OptionsCheck();
        check.InRange(ShiftPixels, 0, 56);
        check.InRange(ScaleFraction, 0, 0.5);
        check.InRange(RotationDegrees, 0, 45);
        check.InClosedUnit(BrightnessFraction);
        check.InClosedUnit(ContrastFraction);
        check.InClosedUnit(SaturationFraction);
        check.InClosedUnit(GreyProbability);
        check.InClosedUnit(ErasingProbability);
        check.InClosedUnit(ReductionProbability);
        return check.Violations;
    }

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceAugmentation), PrintMembers);
}
