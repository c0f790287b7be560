using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>The embedding of a face, and of which model it is.</summary>
/// <param name="Vector">Unit length. Cosines of two of them, which are their dot products, tell how alike faces are.</param>
/// <param name="Fingerprint">The model's <see cref="FaceEmbeddingTransformer.Fingerprint"/>: only vectors of the same one can be compared.</param>
public sealed record FaceEmbedding(float[] Vector, string Fingerprint)
{
    /// <summary>Tells whether the photograph, or what a detector made of it, was an aligned face of 112×112 pixels; false: it was cropped to its central square and resized.</summary>
    public bool IsAligned { get; init; } = true;

    /// <summary>The faces that the model's detector found on the photograph, the embedded one first; null: the model has no detector, so nobody counted.</summary>
    public IReadOnlyList<FaceBox>? Faces { get; init; }

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

/// <summary>Tells where a face is on a photograph, in pixels.</summary>
/// <param name="X">Left border.</param>
/// <param name="Y">Upper border.</param>
/// <param name="Width">Width, over 0.</param>
/// <param name="Height">Height, over 0.</param>
public sealed record FaceBox(float X, float Y, float Width, float Height)
{
    /// <summary>The least share of another face's area at which a face is comparable to it.</summary>
    private const double ComparableShare = 0.5;

    /// <summary>Width times height.</summary>
    public double Area => (double)Width * Height;

    /// <summary>Tells whether the box has at least half the area of another; 0.7 of its width and height.</summary>
    /// <param name="other">The other box.</param>
    public bool IsComparableTo(FaceBox other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Area >= ComparableShare * other.Area;
    }

    /// <summary>Writes width and height in whole pixels, such as 80×96.</summary>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Width:0}×{Height:0}");
}

/// <summary>Whether two photographs show the same person.</summary>
/// <param name="IsSamePerson">Whether the score is over the threshold.</param>
/// <param name="Score">The cosine of the two embeddings, −1 to 1.</param>
/// <param name="Threshold">The cosine that the score was held against.</param>
public sealed record FaceVerification(bool IsSamePerson, double Score, double Threshold)
{
    /// <summary>How far the score lies over the threshold; below 0: how far under it.</summary>
    public double Margin => Score - Threshold;

    /// <summary>Faces on the first photograph, of which the main one counts; null: the model has no detector.</summary>
    public int? FirstFaceCount { get; init; }

    /// <summary>Faces on the second photograph, of which the main one counts; null: the model has no detector.</summary>
    public int? SecondFaceCount { get; init; }

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceVerification), PrintMembers);
}
