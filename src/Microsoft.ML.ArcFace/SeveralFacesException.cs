namespace Microsoft.ML.ArcFace;

/// <summary>A photograph shows another face of about the size of the main one, and the caller asked for one face.</summary>
public sealed class SeveralFacesException : FaceRecognitionException
{
    internal SeveralFacesException(string imageName, int faceCount, FaceBox main, FaceBox passedOver)
        : base($"The image {imageName} shows {faceCount} faces: beside the main one of {main} pixels another of {passedOver}, so it is not clear who is meant. Cut out the one person, or take a photograph of one.") =>
        (ImageName, FaceCount) = (imageName, faceCount);

    /// <summary>What the message calls the image.</summary>
    public string ImageName { get; }

    /// <summary>Faces that the detector found.</summary>
    public int FaceCount { get; }
}
