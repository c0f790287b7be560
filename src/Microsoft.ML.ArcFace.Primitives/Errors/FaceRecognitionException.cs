namespace Microsoft.ML.ArcFace;

/// <summary>
/// Is the base of the exceptions that this library defines, so that one clause catches them all: a photograph, weights, a
/// gallery or a file that cannot be used, a face that is not found, a training that diverges, a native library that is missing.
/// Mistakes in a program stay what .NET calls them, such as <see cref="ArgumentException"/>, and so does a canceled training
/// (<c>TrainingCanceledException</c>).
/// </summary>
public abstract class FaceRecognitionException : Exception
{
    /// <summary>Makes one; for exceptions of extensions, such as another gallery.</summary>
    /// <param name="message">What is wrong and what to do.</param>
    /// <param name="innerException">What was thrown underneath, if anything.</param>
    protected FaceRecognitionException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}
