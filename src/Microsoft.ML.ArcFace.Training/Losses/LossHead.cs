using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>
/// A loss in training: embeddings [B, d], labels int64 [B] and the step → the mean loss of the batch, a scalar. In training mode
/// each forward pass also updates what the loss keeps count of; in evaluation mode it changes nothing.
/// </summary>
internal abstract class LossHead(string name) : nn.Module<Tensor, Tensor, LossStep, Tensor>(name)
{
    /// <summary>The loss with the whole margin, over all classes.</summary>
    public Tensor forward(Tensor embeddings, Tensor labels) => forward(embeddings, labels, LossStep.Whole);

    /// <summary>
    /// Whether a loss no smaller than that of an untrained network means that nothing was learned. It does not where
    /// what is learned drops out of the mean.
    /// </summary>
    public virtual bool FallsWithTraining => true;

    /// <summary>One centre for each class, [C, d], by which the trained model names people.</summary>
    /// <param name="trainingSet">
    /// The training set embedded by the trained network, in batches; embedded only while it is enumerated, so that
    /// losses that have centres of their own cost nothing.
    /// </param>
    public abstract Tensor ClassCenters(IEnumerable<EmbeddedBatch> trainingSet);
}

/// <summary>Embeddings of some photographs; whoever enumerates them owns the tensors.</summary>
/// <param name="UnitEmbeddings">[n, d], of unit length.</param>
/// <param name="Labels">[n], int64.</param>
internal sealed record EmbeddedBatch(Tensor UnitEmbeddings, Tensor Labels);
