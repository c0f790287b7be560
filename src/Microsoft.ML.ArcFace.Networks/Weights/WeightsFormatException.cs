namespace Microsoft.ML.ArcFace;

/// <summary>A weights file or a model is damaged, of another kind, or does not fit the network. The message says how.</summary>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="innerException">What was thrown underneath, if anything.</param>
public sealed class WeightsFormatException(string message, Exception? innerException = null) : FaceRecognitionException(message, innerException);
