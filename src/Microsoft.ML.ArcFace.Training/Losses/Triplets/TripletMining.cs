namespace Microsoft.ML.ArcFace;

/// <summary>Which triplets (anchor, positive of the same person, negative of another) of a batch a triplet loss looks at.</summary>
public enum TripletMining
{
    /// <summary>Every one. B³ of them: batches of at most 256 photographs.</summary>
    All,

    /// <summary>
    /// For each anchor and positive the nearest negative that is farther than the positive (Schroff et al., "FaceNet",
    /// arXiv 1503.03832); pairs without one are left out. Batches of at most 256 photographs.
    /// </summary>
    SemiHard,

    /// <summary>For each anchor its farthest positive and its nearest negative (Hermans et al., arXiv 1703.07737).</summary>
    BatchHard,
}

/// <summary>What <see cref="TripletMining"/> asks of a batch.</summary>
internal static class TripletMiningExtensions
{
    /// <summary>The most photographs in a batch: some mining forms a tensor of B³ numbers, 67 MB at 256.</summary>
    public static int LargestBatch(this TripletMining mining) => mining == TripletMining.BatchHard ? int.MaxValue : 256;
}
