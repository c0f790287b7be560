namespace Microsoft.ML.ArcFace;

/// <summary>What an aligned face shows where it reaches beyond its photograph.</summary>
public enum AlignmentBorder
{
    /// <summary>Black, as the published sets were aligned.</summary>
    Black,

    /// <summary>The nearest pixel of the photograph.</summary>
    Replicate,
}
