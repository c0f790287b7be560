namespace Microsoft.ML.ArcFace;

/// <summary>Why a gallery cannot be used.</summary>
public enum FaceGalleryProblem
{
    /// <summary>The file is not there, or was moved or removed since it was opened, or cannot be read or written, or the disk is full.</summary>
    Unreachable,

    /// <summary>Another gallery, in this process or another, has the file open.</summary>
    InUse,

    /// <summary>The file is something else than a gallery.</summary>
    NotAGallery,

    /// <summary>The file was written by a newer version.</summary>
    TooNew,

    /// <summary>The vectors in it are of another model.</summary>
    OtherModel,

    /// <summary>The key does not open it, or it takes one and none was given, or the other way round.</summary>
    WrongKey,

    /// <summary>Something in the file is not as it was written.</summary>
    Damaged,

    /// <summary>The file can be read, so that the gallery can be searched, but not written.</summary>
    ReadOnly,
}

/// <summary>A gallery cannot be opened, read or written; the message says why and what to do.</summary>
public sealed class FaceGalleryException : FaceRecognitionException
{
    /// <param name="problem">Why.</param>
    /// <param name="message">What happened and what to do.</param>
    /// <param name="innerException">What it follows from.</param>
    public FaceGalleryException(FaceGalleryProblem problem, string message, Exception? innerException = null) : base(message, innerException) => Problem = problem;

    /// <summary>Why.</summary>
    public FaceGalleryProblem Problem { get; }
}
