using Microsoft.ML.ArcFace.Faces;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Is a transformer that adds what it finds of all faces of a photograph: box, landmarks and score of each.</summary>
internal interface IFaceDetections
{
    /// <summary>The columns that it adds.</summary>
    FaceColumns Columns { get; }
}
