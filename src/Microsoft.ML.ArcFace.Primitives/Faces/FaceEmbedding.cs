namespace Microsoft.ML.ArcFace;

/// <summary>The embedding of a face, and of which model it is.</summary>
/// <param name="Vector">Unit length. Cosines of two of them, which are their dot products, tell how alike faces are.</param>
/// <param name="Fingerprint">The model's fingerprint: only vectors of the same one can be compared. Empty: it is not said which model made the vector.</param>
public sealed record FaceEmbedding(float[] Vector, string Fingerprint)
{
    /// <summary>Tells whether the photograph, or what a detector made of it, was an aligned face of 112×112 pixels; false: it was cropped to its central square and resized.</summary>
    public bool IsAligned { get; init; } = true;

    /// <summary>The faces that the model's detector found on the photograph, the embedded one first; null: the model has no detector, so nobody counted.</summary>
    public IReadOnlyList<FaceBox>? Faces { get; init; }

    /// <summary>Tells how well the face can be recognized from its photograph; null: nobody measured it, as of a vector from elsewhere.</summary>
    public FaceQuality? Quality { get; init; }

    /// <summary>
    /// The largest face that was passed over, if its box has at least half the area of the embedded one's
    /// (<see cref="FaceBox.IsComparableTo"/>), so that the photograph may have been meant to show the other person; null: there is none.
    /// </summary>
    public FaceBox? PassedOver => Faces is { Count: > 1 } && Faces.Skip(1).MaxBy(face => face.Area)! is var largest && largest.IsComparableTo(Faces[0]) ? largest : null;

    /// <summary>Refuses a photograph that may have been meant to show another person; for callers who need to be sure.</summary>
    /// <param name="photograph">What the message calls the photograph, such as its path.</param>
    /// <exception cref="SeveralFacesException">Another face of comparable size was passed over.</exception>
    /// <exception cref="InvalidOperationException">The model has no detector, so that nobody knows how many faces there are.</exception>
    public FaceEmbedding RequireOneFace(string photograph)
    {
        if (Faces is null)
        {
            throw new InvalidOperationException("The model has no detector, so nobody knows how many faces a photograph shows. Train or save one with a detector (DetectFaces, arcface train --detector), or look at the photographs yourself.");
        }

        return PassedOver is null ? this : throw new SeveralFacesException(photograph, Faces.Count, Faces[0], PassedOver);
    }
}
