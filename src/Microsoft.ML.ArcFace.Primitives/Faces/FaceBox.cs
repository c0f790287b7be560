using System.Globalization;

namespace Microsoft.ML.ArcFace;

/// <summary>Tells where a face is on a photograph, in pixels.</summary>
/// <param name="X">Left border.</param>
/// <param name="Y">Upper border.</param>
/// <param name="Width">Width, over 0.</param>
/// <param name="Height">Height, over 0.</param>
public sealed record FaceBox(float X, float Y, float Width, float Height)
{
    /// <summary>The least share of another face's area at which a face is comparable to it.</summary>
    private const double ComparableShare = 0.5;

    /// <summary>Width times height.</summary>
    public double Area => (double)Width * Height;

    /// <summary>Tells whether the box has at least half the area of another; 0.7 of its width and height.</summary>
    /// <param name="other">The other box.</param>
    public bool IsComparableTo(FaceBox other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Area >= ComparableShare * other.Area;
    }

    /// <summary>Writes width and height in whole pixels, such as 80×96.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Width:0}×{Height:0}");
}
