namespace Microsoft.ML.ArcFace;

/// <summary>Which face of a photograph is its main one; the others follow in the same order.</summary>
public enum MainFace
{
    /// <summary>
    /// The largest, unless it lies aside: the area of its box less twice the squared distance of its centre from the
    /// photograph's, in pixels (the choice of InsightFace's programs).
    /// </summary>
    LargestNearCenter,

    /// <summary>The one with the box of the largest area.</summary>
    Largest,

    /// <summary>The one that the detector is surest of.</summary>
    HighestScore,
}
