namespace Microsoft.ML.ArcFace;

/// <summary>Tells which pixels a network is given, and what decided that.</summary>
/// <param name="Pixels">The pixels.</param>
/// <param name="Source">What decided.</param>
/// <param name="Reason">The same in words.</param>
public sealed record FacePixelsDecision(FacePixels Pixels, FacePixelsSource Source, string Reason)
{
    /// <summary>Writes pixels and reason, such as "RGB, 0 to 255 (the graph begins with …)".</summary>
    public override string ToString() => $"{Pixels} ({Reason})";
}
