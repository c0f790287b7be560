namespace Microsoft.ML.ArcFace;

/// <summary>
/// What becomes of the target logit where the angle with its margin, a = m₁θ + m₂, passes π. There cos a turns
/// upward again: the worst samples would be rewarded for growing worse.
/// </summary>
public enum MarginExtension
{
    /// <summary>cos a everywhere, as the equation in the ArcFace paper stands. It rises beyond π.</summary>
    None,

    /// <summary>
    /// cos θ − m₂·sin m₂ beyond π, as InsightFace's published code has it. It falls, but jumps at θ = π − m₂
    /// (from −1 to −1.12 at m₂ = 0.5). Defined for an angle multiplier of 1 alone.
    /// </summary>
    InsightFace,

    /// <summary>
    /// (−1)ᵏ cos a − 2k with k = ⌊a/π⌋: SphereFace's ψ over the whole angle. Continuous and decreasing for every
    /// margin; the default.
    /// </summary>
    Continuous,
}
