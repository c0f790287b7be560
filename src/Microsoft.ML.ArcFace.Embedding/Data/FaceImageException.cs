using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace;

/// <summary>Reports that an image cannot be read, or is no aligned face where one is required. The message names the file, what is wrong with it, and what to do.</summary>
public sealed class FaceImageException : FaceRecognitionException
{
    internal FaceImageException(string imageName, string problem, string remedy, Exception? innerException = null)
        : base($"The image {ShownName.Of(imageName)} cannot be read: {problem}. {remedy}", innerException)
    {
        ImageName = imageName;
    }

    private FaceImageException(string message, string imageName)
        : base(message) => ImageName = imageName;

    /// <summary>Reports a photograph that can be read, but is no aligned face although that is required.</summary>
    internal static FaceImageException NotAligned(string imageName, int width, int height) => new(
        $"The image {ShownName.Of(imageName)} has {width}×{height} pixels, but aligned faces of 112×112 are required. " +
        "Find and align faces first (DetectFaces and AlignFaces before the embedding, or arcface train --detector), or do not require aligned faces.", imageName);

    /// <summary>What the message calls the image: its path in quotation marks, or the column that its bytes came from.</summary>
    public string ImageName { get; }
}
