namespace Microsoft.ML.ArcFace;

/// <summary>Names what decided which pixels a network is given, from the strongest to the weakest.</summary>
public enum FacePixelsSource
{
    /// <summary>The program said it.</summary>
    Caller,

    /// <summary>They were found by <c>FindPreprocessing</c> on labeled photographs.</summary>
    Measured,

    /// <summary>The file is one of <see cref="KnownFaceFiles"/>, by its SHA-256.</summary>
    KnownFile,

    /// <summary>The metadata of the file say it, as those of this library's exports do.</summary>
    Metadata,

    /// <summary>The graph begins with a subtraction and a scaling of its own.</summary>
    Graph,

    /// <summary>The tensors are those of a published network of this library, all of which read <see cref="FacePixels.Standard"/>.</summary>
    Architecture,

    /// <summary>Nothing says it; <see cref="FacePixels.Standard"/> is the most usual.</summary>
    Guess,
}
