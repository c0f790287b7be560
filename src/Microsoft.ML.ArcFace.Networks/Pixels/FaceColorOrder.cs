namespace Microsoft.ML.ArcFace;

/// <summary>The order in which a network reads the color channels of a face.</summary>
public enum FaceColorOrder
{
    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Blue, green, red, as OpenCV decodes photographs.</summary>
    Bgr,
}
