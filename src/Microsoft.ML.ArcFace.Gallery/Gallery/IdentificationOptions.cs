using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>When a face is taken for a person of a gallery.</summary>
public record IdentificationOptions
{
    /// <summary>
    /// The cosine that the nearest person must exceed, −1 to 1. Null, the default: the threshold that was calibrated for the
    /// model, recomputed for the vectors in the gallery, because strangers find more to resemble in a larger one.
    /// </summary>
    public double? CosineThreshold { get; init; }

    /// <summary>
    /// How much nearer than the runner-up the nearest person must be, as a difference of cosines, 0 to 2; otherwise the answer is
    /// <see cref="IdentificationOutcome.Ambiguous"/>. 0: never ambiguous unless two are equally near. Default 0.05.
    /// </summary>
    public double AmbiguityMargin { get; init; } = 0.05;

    /// <summary>The threshold for a gallery.</summary>
    /// <param name="model">The model whose vectors it keeps.</param>
    /// <param name="vectorCount">
    /// Vectors that a face is compared with, 0 or more. Each is another chance for a stranger, so the calibrated threshold
    /// takes each photograph for a person: of people with several the false positives are at most as many as asked for.
    /// </param>
    /// <returns>The cosine that must be exceeded, −1 to 1.</returns>
    /// <exception cref="InvalidOperationException">The model has no threshold, and none is set.</exception>
    public double ThresholdFor(FaceGalleryModel model, int vectorCount)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegative(vectorCount);
        return CosineThreshold ?? model.Threshold?.ForGallerySize(Math.Max(vectorCount, 1)).Cosine ?? throw new InvalidOperationException(
            "There is no threshold to tell strangers by: none was calibrated for the model. Calibrate one on pairs like your photographs " +
            $"(faces.CalibrateThreshold), or set {nameof(CosineThreshold)}.");
    }

    /// <summary>The open-set decision over the nearest people.</summary>
    /// <param name="nearest">The nearest people, best first; two are enough.</param>
    /// <param name="threshold">The cosine that must be exceeded.</param>
    public FaceIdentification Decide(IReadOnlyList<FaceCandidate> nearest, double threshold)
    {
        ArgumentNullException.ThrowIfNull(nearest);
        FaceCandidate? first = nearest.Count > 0 ? nearest[0] : null, second = nearest.Count > 1 ? nearest[1] : null;
        IdentificationOutcome outcome =
            first is null || !(first.Score > threshold) ? IdentificationOutcome.Unknown
            : second is null || first.Score - second.Score > AmbiguityMargin ? IdentificationOutcome.Match
            : IdentificationOutcome.Ambiguous;
        return new FaceIdentification(outcome, first, second, threshold);
    }

    /// <summary>Every violated range, as a sentence with value, allowed range and remedy.</summary>
    internal virtual IReadOnlyList<string> Violations()
    {
        var check = new OptionsCheck();
        check.InRange(CosineThreshold, -1, 1);
        check.InRange(AmbiguityMargin, 0, 2);
        return check.Violations;
    }

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public sealed override string ToString() => InvariantText.OfRecord(GetType().Name, PrintMembers);
}
