using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace;

/// <summary>A photograph was read, but shows no face that the model's detector finds.</summary>
public sealed class FaceNotFoundException : FaceRecognitionException
{
    internal FaceNotFoundException(string imageName)
        : base($"The image {ShownName.Of(imageName)} shows no face that the model's detector finds. Take a photograph where the face is seen from the front, large and sharp enough, or detect with a lower score threshold.") => ImageName = imageName;

    /// <summary>What the message calls the image.</summary>
    public string ImageName { get; }
}
