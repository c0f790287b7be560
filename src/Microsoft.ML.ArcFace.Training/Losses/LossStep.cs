namespace Microsoft.ML.ArcFace.Losses;

/// <summary>The step that a loss is computed for.</summary>
/// <param name="Number">Steps of the optimizer before this one; annealed losses look at it.</param>
/// <param name="Sample">The classes that are scored; null for all.</param>
internal sealed record LossStep(long Number = 0, CenterSample? Sample = null)
{
    /// <summary>The first step, with the whole margin and all classes.</summary>
    public static LossStep Whole { get; } = new();

    /// <summary>
    /// The part of the margin in force, 0 to 1: margins that are added count f times, a multiplier counts 1 + f(m − 1).
    /// A ramp from 0 starts as the loss without a margin.
    /// </summary>
    public double MarginFraction
    {
        get;
        init => field = value is >= 0 and <= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"{nameof(MarginFraction)} must lie from 0 to 1.");
    } = 1;
}
