namespace Microsoft.ML.ArcFace;

/// <summary>An image cannot be read. The message names the file, what is wrong with it, and what to do.</summary>
public sealed class FaceImageException : IOException
{
    internal FaceImageException(string source, string problem, string remedy, Exception? innerException = null)
        : base($"The image {source} cannot be read: {problem}. {remedy}", innerException)
    {
    }
}
