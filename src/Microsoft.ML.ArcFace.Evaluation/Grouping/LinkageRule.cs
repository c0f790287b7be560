namespace Microsoft.ML.ArcFace.Grouping;

/// <summary>
/// Says which groups are joined: those whose faces have a greater mean cosine, taken over all pairs of one face of each, than two
/// single faces need (average linkage; Sokal and Michener, 1958). The odds that a cosine shows one person grow evenly with it
/// in the logarithm where thresholds lie, so that this is the mean of the odds' logarithms over those at the threshold.
/// </summary>
/// <param name="cosine">The threshold of two single faces, −1 to 1.</param>
internal sealed class LinkageRule(double cosine)
{
    /// <summary>The threshold. A mean over it has a pair over it, so that only groups that such a pair connects come into question.</summary>
    public double Cosine => cosine;

    /// <summary>How far the mean cosine of two groups is over the threshold; 0 or less: they are not joined.</summary>
    /// <param name="product">The product of the sums of their unit vectors.</param>
    /// <param name="firstCount">Faces of the one.</param>
    /// <param name="secondCount">Faces of the other.</param>
    public double Margin(double product, int firstCount, int secondCount) => (product / ((double)firstCount * secondCount)) - cosine;
}
