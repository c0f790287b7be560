namespace Microsoft.ML.ArcFace;

/// <summary>Two pictures, or two templates, to compare.</summary>
/// <param name="First">A picture's path relative to the loaded folder, with forward slashes; or the id of a template.</param>
/// <param name="Second">The other picture's.</param>
/// <param name="IsSamePerson">Whether both show the same person.</param>
/// <param name="Fold">The fold of the verification protocol, from 0.</param>
public sealed record FacePair(string First, string Second, bool IsSamePerson, int Fold);
