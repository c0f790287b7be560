using Microsoft.ML.ArcFace.Data;

namespace Microsoft.ML.ArcFace.Alignment;

/// <summary>
/// Where five points of a face lie in an aligned image of 112×112 pixels: left eye, right eye, nose, left and right corner
/// of the mouth, left being left in the image.
/// </summary>
internal static class FaceTemplate
{
    /// <summary>Numbers that describe the points of a face: x and y of each.</summary>
    public const int LandmarkValues = 10;

    /// <summary>A face cannot be larger than so many pixels a side: four times the largest photograph.</summary>
    private const double LargestFace = 4.0 * FaceImage.LargestSide;

    /// <summary>The transform that brings landmarks to the template; null if they are not five points of a face that a photograph can hold.</summary>
    public static SimilarityTransform? Fit(ReadOnlySpan<double> landmarks) =>
        SimilarityTransform.Fit(landmarks, Points) is { } transform && FaceTensor.Size / transform.Scale <= LargestFace ? transform : null;

    /// <summary>The points as x, y, x, y, …</summary>
    public static ReadOnlySpan<double> Points =>
        [38.2946, 51.6963, 73.5318, 51.5014, 56.0252, 71.7366, 41.5493, 92.3655, 70.7299, 92.2041];
}
