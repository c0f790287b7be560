using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>
/// A head with a margin: a derived class says what the cosine of an embedding with its own centre becomes. Of the
/// [B, C] logits only these B entries are touched, unless a loss weighs the others too.
/// </summary>
internal abstract class MarginHead(string name, int embeddingSize, long centerCount, double scale)
    : ClassificationHead(name, embeddingSize, centerCount, scale)
{
    /// <summary>What the target's cosine [B] becomes under <see cref="LossStep.MarginFraction"/> of the margin.</summary>
    protected abstract Tensor TargetCosine(TargetPairs pairs);

    /// <summary>What the cosines [B, C] with the other classes become; the targets' places are overwritten afterwards.</summary>
    protected virtual Tensor OtherCosines(Tensor cosine, TargetPairs pairs) => cosine;

    /// <summary>Updates running statistics, in training alone and without a gradient.</summary>
    protected virtual void Observe(TargetPairs pairs)
    {
    }

    /// <summary>The row [B] of the nearest centre of each embedding's class, from the cosines with all rows.</summary>
    protected virtual Tensor OwnRows(Tensor centerCosines, Tensor labels) => labels;

    protected sealed override Tensor TrainingLogits(Tensor embeddings, Tensor centers, Tensor labels, LossStep step)
    {
        Tensor unitEmbeddings = Normalized(embeddings);
        Tensor unitCenters = Normalized(centers);
        Tensor centerCosines = unitEmbeddings.matmul(unitCenters.t());         // [B, rows of centres]
        Tensor cosine = ClassCosines(centerCosines);                           // [B, C]
        Tensor column = labels.unsqueeze(1);                                   // [B, 1]
        var pairs = new TargetPairs(
            embeddings, unitEmbeddings, unitCenters, OwnRows(centerCosines, labels), cosine.gather(1, column).squeeze(1), step);
        if (training)
        {
            using var noGradient = no_grad();
            Observe(pairs);
        }

        if (step.MarginFraction == 0)
        {
            return Scaled(cosine, embeddings);
        }

        Tensor target = TargetCosine(pairs).unsqueeze(1);                      // [B, 1]

        // In place on the product, which nothing else reads: the [B, C] matrix is not copied once more.
        return Scaled(OtherCosines(cosine, pairs), embeddings).scatter_(1, column, Scaled(target, embeddings));
    }
}
