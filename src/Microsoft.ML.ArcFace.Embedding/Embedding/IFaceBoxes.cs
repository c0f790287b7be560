namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Is a transformer that adds the boxes of all faces of a photograph, so that a service knows how many there are.</summary>
internal interface IFaceBoxes
{
    /// <summary>The column of boxes, Vector&lt;Single&gt;: x, y, width and height of each.</summary>
    string BoxesColumnName { get; }
}
