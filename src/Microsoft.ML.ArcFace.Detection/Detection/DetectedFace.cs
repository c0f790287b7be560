namespace Microsoft.ML.ArcFace.Detection;

/// <summary>A face, in pixels.</summary>
/// <param name="X">Left border of the box.</param>
/// <param name="Y">Upper border of the box.</param>
/// <param name="Width">Width of the box.</param>
/// <param name="Height">Height of the box.</param>
/// <param name="Score">How sure the detector is, 0 to 1.</param>
/// <param name="Landmarks">x and y of left eye, right eye, nose, left and right corner of the mouth as seen in the image; empty if the detector gives none.</param>
internal sealed record DetectedFace(float X, float Y, float Width, float Height, float Score, float[] Landmarks)
{
    public double Area => (double)Width * Height;

    /// <summary>False where a damaged network gives infinities or a box without area.</summary>
    public bool IsSound => Width > 0 && Height > 0 && float.IsFinite(X + Y + Width + Height) && Landmarks.All(float.IsFinite);

    /// <summary>The area that both boxes cover, as a share of that which either covers; 0 to 1.</summary>
    public double IntersectionOverUnion(DetectedFace other)
    {
        double width = Math.Min(X + Width, other.X + other.Width) - Math.Max(X, other.X);
        double height = Math.Min(Y + Height, other.Y + other.Height) - Math.Max(Y, other.Y);
        double both = Math.Max(width, 0) * Math.Max(height, 0);
        return both / (Area + other.Area - both);
    }
}
