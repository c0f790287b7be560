using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>Is a face of a photograph with all that is known of it.</summary>
/// <param name="Embedding">Its embedding. Of the photograph's faces (<see cref="FaceEmbedding.Faces"/>) this one comes first.</param>
public sealed record EmbeddedFace(FaceEmbedding Embedding)
{
    /// <summary>Tells where it is, in pixels of the upright photograph; null: the model has no detector, and the whole photograph is the face.</summary>
    public FaceBox? Box { get; init; }

    /// <summary>
    /// Gives ten numbers, x and y in pixels of left eye, right eye, nose, left and right corner of the mouth, left being left in the
    /// image; null: the model has no detector.
    /// </summary>
    public IReadOnlyList<float>? Landmarks { get; init; }

    /// <summary>Tells how sure the detector is that it is a face, 0 to 1; null: the model has no detector.</summary>
    public double? DetectionScore { get; init; }

    /// <summary>Tells how well it can be recognized; null: nobody measured it.</summary>
    public FaceQuality? Quality => Embedding.Quality;

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(EmbeddedFace), PrintMembers);
}
