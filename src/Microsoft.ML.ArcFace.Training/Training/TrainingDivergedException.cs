namespace Microsoft.ML.ArcFace;

/// <summary>The loss of a training run is not a number, diverges or has collapsed. The message names the likely cause.</summary>
/// <param name="message">What happened, at which step, and what to change.</param>
public sealed class TrainingDivergedException(string message) : FaceRecognitionException(message);
