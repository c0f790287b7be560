using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>A point of a curve over angles.</summary>
/// <param name="AngleDegrees">0 to 180.</param>
/// <param name="Value">The curve's value there.</param>
public readonly record struct AnglePoint(double AngleDegrees, double Value)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(AnglePoint), PrintMembers);
}

// What a margin does, as data: Figures 4 and 5 of the ArcFace paper.
public abstract partial record FaceLoss
{
    /// <summary>
    /// The target logit over the scale, as a function of the angle θ between an embedding and its own centre: cos θ without
    /// a margin, cos(θ + m) for ArcFace (Figure 4 of the ArcFace paper). Where a margin changes from sample to sample or
    /// from step to step it is that of an average sample at the end of training: AdaFace at its mean length, MagFace in
    /// the middle of its lengths, ElasticFace at its mean margin, SphereFace at its least annealing.
    /// </summary>
    /// <param name="points">Equally spaced from 0 to 180 degrees, at least 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 2 points.</exception>
    /// <exception cref="InvalidOperationException">The loss compares photographs and has no target logit.</exception>
    public IReadOnlyList<AnglePoint> TargetLogitCurve(int points = 181) =>
        ComparesPhotographs
            ? throw new InvalidOperationException($"{GetType().Name} compares photographs with each other and has no target logit. {nameof(DecisionBoundary)} is defined for it.")
            : [.. Angles(points).Select(theta => new AnglePoint(Degrees(theta), TargetCosine(theta)))];

    /// <summary>
    /// Where a classifier of two classes is undecided in training (Figure 5 of the ArcFace paper): to an angle θ₁ with its
    /// own centre the angle θ₂ with the other centre at which both logits are equal; θ₂ = θ₁ without a margin, θ₁ + m for
    /// ArcFace. For triplet losses θ₁ is the angle to the positive, θ₂ that to the negative.
    /// </summary>
    /// <param name="points">Equally spaced values of θ₁ from 0 to 180 degrees, at least 2.</param>
    /// <returns>Points (θ₁, θ₂) in degrees; values of θ₁ for which no θ₂ suffices are left out.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 2 points.</exception>
    public IReadOnlyList<AnglePoint> DecisionBoundary(int points = 181) =>
        [.. Angles(points).Select(theta => new AnglePoint(Degrees(theta), Degrees(OtherAngle(theta)))).Where(point => !double.IsNaN(point.Value))];

    /// <summary>The target logit over the scale at an angle in radians.</summary>
    private protected virtual double TargetCosine(double theta) => Math.Cos(theta);

    /// <summary>The angle with the other centre at which both logits are equal, in radians; NaN where there is none.</summary>
    private protected virtual double OtherAngle(double theta) => Math.Acos(TargetCosine(theta));

    private static IEnumerable<double> Angles(int points)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(points, 2);
        return Enumerable.Range(0, points).Select(i => i * Math.PI / (points - 1));
    }

    private static double Degrees(double radians) => radians * (180 / Math.PI);
}
