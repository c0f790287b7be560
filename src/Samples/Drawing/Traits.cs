using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

// What makes a person. Lengths are in pixels of the aligned 112×112 picture, seen from the front;
// x runs to the right and y down from the point between the eyes.

/// <summary>The skull and jaw, as half widths at the given heights, and the ears.</summary>
internal sealed record HeadTraits(
    float ForeheadWidth, float CheekWidth, float JawWidth, float ChinWidth, float ChinY, float CheekBones, float EarSize, float EarProtrusion);

/// <summary>Colour and marks of the skin; <see cref="Age"/> in 0 (young) to 1 (old) draws the lines.</summary>
internal sealed record SkinTraits(SKColor Colour, float Shine, float Redness, float Freckles, int Moles, float Age, int MarkSeed);

/// <summary>Eyes: distance of the pupils, half width, openness, tilt of the outer corner, lid and iris.</summary>
internal sealed record EyeTraits(
    float Spacing, float HalfWidth, float Openness, float Tilt, float LidCrease, float Lashes, float IrisRadius, SKColor Iris, float Bags);

/// <summary>Eyebrows: height over the eye, thickness, arch, tilt and how dark against the hair.</summary>
internal sealed record BrowTraits(float Height, float Thickness, float Arch, float Tilt, float Length, float InnerGap, float Density);

/// <summary>Nose: tip, half width over the wings, bridge, how far it stands out, how round the tip is.</summary>
internal sealed record NoseTraits(float TipY, float HalfWidth, float BridgeWidth, float Protrusion, float TipRadius, float NostrilSize);

/// <summary>Mouth: height, half width, fullness of the lips, depth of the Cupid's bow, resting curve, colour.</summary>
internal sealed record MouthTraits(float Y, float HalfWidth, float UpperLip, float LowerLip, float Bow, float RestingCurve, SKColor Lips);

/// <summary>The cuts of hair that are drawn.</summary>
internal enum HairStyle
{
    Bald, Cropped, SidePart, Quiff, Fringe, Curly, Bob, LongStraight, LongWavy, TiedBack,
}

/// <summary>Hair: cut, colour, hairline height and its bend at the temples, side of the parting (−1 to 1), fullness.</summary>
internal sealed record HairTraits(HairStyle Style, SKColor Colour, float HairlineY, float Recession, float Parting, float Volume, int StrandSeed)
{
    /// <summary>Whether hair falls beside the face and covers the ears.</summary>
    public bool IsLong => Style is HairStyle.Bob or HairStyle.LongStraight or HairStyle.LongWavy;
}

/// <summary>The ways to wear a beard that are drawn.</summary>
internal enum BeardStyle
{
    None, Stubble, Moustache, Goatee, Full,
}

/// <summary>Beard: how it is worn, colour and density.</summary>
internal sealed record BeardTraits(BeardStyle Style, SKColor Colour, float Density);

/// <summary>Frames of glasses and in what share of the pictures they are worn.</summary>
internal sealed record GlassesTraits(float WearingRate, float LensWidth, float LensHeight, float Roundness, float FrameWidth, SKColor Frame);
