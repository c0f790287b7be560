namespace Microsoft.ML.ArcFace;

/// <summary>Describes a published file of a face recognizer. What its license allows is for its publisher to say: look at the page.</summary>
/// <param name="FileName">What it is usually called; different files share a name.</param>
/// <param name="Publisher">Who publishes it, and in which pack.</param>
/// <param name="Page">The address of its project.</param>
/// <param name="UsualLicense">The license that its page usually names, as far as this library knows.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Sha256">The SHA-256 of its bytes, 64 lowercase hexadecimal digits.</param>
/// <param name="Pixels">The pixels that it reads.</param>
/// <param name="EmbeddingSize">Numbers in its embedding.</param>
public sealed record KnownFaceFile(string FileName, string Publisher, string Page, string UsualLicense, long Size, string Sha256, FacePixels Pixels, int EmbeddingSize);
