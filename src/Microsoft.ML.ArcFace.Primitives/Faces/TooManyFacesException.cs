using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace;

/// <summary>Reports that a photograph shows more faces than all of which are embedded at once.</summary>
public sealed class TooManyFacesException : FaceRecognitionException
{
    internal TooManyFacesException(string imageName, int faceCount, int maximumFaces)
        : base($"The image {ShownName.Of(imageName)} shows {faceCount} faces; at most {maximumFaces} are embedded of one photograph. Cut the photograph into parts, detect with a higher score threshold, or raise FaceEmbedder.Options.MaximumFaces.") =>
        (ImageName, FaceCount) = (imageName, faceCount);

    /// <summary>The image's name in the message.</summary>
    public string ImageName { get; }

    /// <summary>Faces that the detector found.</summary>
    public int FaceCount { get; }
}
