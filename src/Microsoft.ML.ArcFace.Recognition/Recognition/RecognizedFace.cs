namespace Microsoft.ML.ArcFace;

/// <summary>Tells who a face of a photograph is.</summary>
/// <param name="Face">The face: where it is, and its embedding.</param>
/// <param name="Identification">Who it is, if it is anybody of the gallery.</param>
public sealed record RecognizedFace(EmbeddedFace Face, FaceIdentification Identification);
