using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace;

/// <summary>Reports that a photograph shows another face of about the size of the main one, though one face was asked for.</summary>
public sealed class SeveralFacesException : FaceRecognitionException
{
    internal SeveralFacesException(string imageName, int faceCount, FaceBox main, FaceBox passedOver)
        : base($"The image {ShownName.Of(imageName)} shows {faceCount} faces: beside the main one of {main} pixels another of {passedOver}, so it is not clear who is meant. Cut out the one person, or take a photograph of one.") =>
        (ImageName, FaceCount) = (imageName, faceCount);

    /// <summary>The image's name in the message.</summary>
    public string ImageName { get; }

    /// <summary>Faces that the detector found.</summary>
    public int FaceCount { get; }
}
