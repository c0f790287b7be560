namespace Microsoft.ML.ArcFace;

/// <summary>An image cannot be read. The message names the file, what is wrong with it, and what to do.</summary>
public sealed class FaceImageException : FaceRecognitionException
{
    internal FaceImageException(string imageName, string problem, string remedy, Exception? innerException = null)
        : base($"The image {imageName} cannot be read: {problem}. {remedy}", innerException)
    {
        ImageName = imageName;
    }

    /// <summary>What the message calls the image: its path in quotation marks, or the column that its bytes came from.</summary>
    public string ImageName { get; }
}
