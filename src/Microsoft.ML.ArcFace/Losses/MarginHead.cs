using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>
/// A head with a margin: a derived class says what the cosine of an embedding with its own centre becomes. Of the
/// [B, C] logits only these B entries are touched.
/// </summary>
internal abstract class MarginHead(string name, int embeddingSize, long classCount, double scale)
    : ClassificationHead(name, embeddingSize, classCount, scale)
{
    /// <summary>What the target's cosine [B] becomes under <see cref="ClassificationHead.MarginFraction"/> of the margin.</summary>
    protected abstract Tensor TargetCosine(TargetPairs pairs);

    protected sealed override Tensor TrainingLogits(Tensor embeddings, Tensor centers, Tensor labels)
    {
        if (MarginFraction == 0)
        {
            return PlainLogits(embeddings, centers);
        }

        Tensor unitEmbeddings = Normalized(embeddings);
        Tensor unitCenters = Normalized(centers);
        Tensor cosine = unitEmbeddings.matmul(unitCenters.t());                // [B, C]
        Tensor column = labels.unsqueeze(1);                                   // [B, 1]
        var pairs = new TargetPairs(unitEmbeddings, unitCenters, labels, cosine.gather(1, column).squeeze(1));
        Tensor target = TargetCosine(pairs).unsqueeze(1);                      // [B, 1]

        // In place on the product, which nothing else reads: the [B, C] matrix is not copied once more.
        return Scaled(cosine, embeddings).scatter_(1, column, Scaled(target, embeddings));
    }
}
