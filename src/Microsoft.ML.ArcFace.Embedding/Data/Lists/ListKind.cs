namespace Microsoft.ML.ArcFace.Data.Lists;

/// <summary>Names the layouts of lists of photographs.</summary>
internal enum ListKind
{
    /// <summary>A path, a label, and more.</summary>
    PathAndLabel,

    /// <summary>A .lst of InsightFace: 1 (aligned) or 0, path, number of the person, and more.</summary>
    InsightFace,

    /// <summary>A .lst of MXNet's im2rec: number, number of the person (and further labels), path.</summary>
    Im2Rec,
}
