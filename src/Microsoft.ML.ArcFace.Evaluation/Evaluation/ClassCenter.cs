namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>A trained class centre.</summary>
/// <param name="Person">Who it stands for.</param>
/// <param name="Center">A vector of any length.</param>
internal sealed record ClassCenter(string Person, float[] Center);
