namespace Microsoft.ML.ArcFace;

/// <summary>Gives a face that is to be sorted into people.</summary>
/// <param name="Photograph">Names the photograph that it is on, such as by its path. Faces of one name are on one photograph, and never become one person.</param>
/// <param name="Vector">The embedding, of any length other than zero; all of one model. Zeros, as photographs that could not be read have them: there is no face.</param>
public sealed record FaceToGroup(string Photograph, float[] Vector);
