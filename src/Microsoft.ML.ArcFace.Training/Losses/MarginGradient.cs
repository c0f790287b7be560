namespace Microsoft.ML.ArcFace;

/// <summary>How the gradient passes through an angular margin.</summary>
public enum MarginGradient
{
    /// <summary>The derivative of the target logit by θ, as in the ArcFace paper; the default.</summary>
    Exact,

    /// <summary>
    /// The margin changes the value alone: the gradient by the cosines is s(p − 1_y), as in InsightFace's PyTorch
    /// code, which replaces the logits without recording it.
    /// </summary>
    StraightThrough,
}
