namespace Microsoft.ML.ArcFace.Pixels;

/// <summary>Decides which pixels a network is given. What stands first decides: the caller, the table of known files, metadata, the beginning of the graph.</summary>
internal static class PixelsChoice
{
    /// <summary>What the published networks of this library read.</summary>
    public static readonly FacePixelsDecision OfPublishedNetworks = new(FacePixels.Standard, FacePixelsSource.Architecture, "as all published networks of this architecture read");

    /// <summary>What networks of AdaFace's family read, as far as it can be told from their tensors.</summary>
    /// <param name="isOfAdaFace">Whether the tensors are as AdaFace writes them, which others do, too.</param>
    public static FacePixelsDecision OfIrNetworks(bool isOfAdaFace) => isOfAdaFace
        ? new(FacePixels.Standard with { ColorOrder = FaceColorOrder.Bgr }, FacePixelsSource.Guess, "a guess: AdaFace's networks read BGR, those of CVLFace and TFace with the same tensors RGB")
        : new(FacePixels.Standard, FacePixelsSource.Guess, "a guess: networks with these tensors mostly read RGB, AdaFace's BGR");

    private static readonly FacePixelsDecision s_unknown = new(FacePixels.Standard, FacePixelsSource.Guess, "a guess: nothing in the file says it");

    /// <summary>A mean or deviation over this is meant for bytes; those for values from 0 to 1 are at most 1.</summary>
    private const double LargestOfUnit = 2;

    /// <summary>The smallest mean of values from 0 to 1.</summary>
    private const double SmallestMeanOfUnit = 0.2;

    /// <summary>Decides for a file.</summary>
    /// <param name="said">What the caller says; null: nothing.</param>
    /// <param name="sha256">The SHA-256 of the file in hexadecimal digits.</param>
    /// <param name="metadata">What the file says of itself.</param>
    /// <param name="inGraph">(value - mean) / deviation by channels as the graph begins; null where it does not, and for files of weights.</param>
    /// <param name="usual">What networks with such tensors read; null: nothing is known of them.</param>
    /// <exception cref="WeightsFormatException">The metadata of the file are damaged.</exception>
    public static FacePixelsDecision Decide(FacePixels? said, string sha256, IReadOnlyDictionary<string, string> metadata, (double[] Mean, double[] Deviation)? inGraph = null, FacePixelsDecision? usual = null)
    {
        if (said is not null)
        {
            return new(said, FacePixelsSource.Caller, "as was asked for");
        }

        if (KnownFaceFiles.Find(sha256) is { } known)
        {
            return new(known.Pixels, FacePixelsSource.KnownFile, $"the file is {known.FileName} of {known.Publisher}, by its SHA-256");
        }

        if (metadata.TryGetValue(StoredPixels.MetadataKey, out string? stored))
        {
            try
            {
                return new(StoredPixels.FromJson(stored), FacePixelsSource.Metadata, $"the file says so in its metadata '{StoredPixels.MetadataKey}'");
            }
            catch (FormatException error)
            {
                throw new WeightsFormatException($"Its metadata '{StoredPixels.MetadataKey}' were altered. Export the model again, or say which pixels it reads.", error);
            }
        }

        return inGraph is { } scaling && Outside(scaling.Mean, scaling.Deviation) is { } outside ? new(outside, FacePixelsSource.Graph, "the graph begins with a subtraction and a scaling of its own")
            : usual ?? s_unknown;
    }

    /// <summary>
    /// Finds what stays outside of a graph that scales by itself: bytes, or values from 0 to 1, in the order that its means tell. Null
    /// where it is neither: a norm over pixels that are around 0 already has means near 0.
    /// </summary>
    private static FacePixels? Outside(double[] mean, double[] deviation)
    {
        bool takesBytes = mean.Concat(deviation).Any(number => Math.Abs(number) > LargestOfUnit);
        if (!takesBytes && !Array.TrueForAll(mean, number => number is >= SmallestMeanOfUnit and <= 1))
        {
            return null;
        }

        // Photographs have more red than blue, and so have the means of every set.
        bool isBgr = mean is [var first, _, var last] && first < last;
        return (takesBytes ? FacePixels.Unscaled : FacePixels.ZeroToOne) with { ColorOrder = isBgr ? FaceColorOrder.Bgr : FaceColorOrder.Rgb };
    }
}
