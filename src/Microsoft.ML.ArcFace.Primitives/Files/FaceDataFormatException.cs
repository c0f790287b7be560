namespace Microsoft.ML.ArcFace;

/// <summary>A file of a data set (RecordIO, .idx, .bin, a list) is damaged or of another kind. The message names the file and the place.</summary>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="innerException">What was thrown underneath, if anything.</param>
public sealed class FaceDataFormatException(string message, Exception? innerException = null) : FaceRecognitionException(message, innerException);
