namespace Microsoft.ML.ArcFace;

/// <summary>Tells which file a network was read from, and which pixels it is given.</summary>
/// <param name="FileName">The name of the file, without its folder.</param>
/// <param name="Sha256">The SHA-256 of its bytes, 64 lowercase hexadecimal digits.</param>
/// <param name="Pixels">The pixels, and what decided.</param>
public sealed record FaceNetworkFile(string FileName, string Sha256, FacePixelsDecision Pixels)
{
    /// <summary>Gets the published file that it is, with its project's page and license; null if it is none of <see cref="KnownFaceFiles"/>.</summary>
    public KnownFaceFile? Known => KnownFaceFiles.Find(Sha256);
}
