using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>
/// Compares the photographs of a batch in triplets of anchor, positive and negative; the mean over those that are
/// active, 0 when none is. Has nothing to train itself.
/// </summary>
/// <param name="embeddingSize">Numbers in an embedding.</param>
/// <param name="classCount">People.</param>
/// <param name="distances">Distances [B, B] of rows of unit length [B, d].</param>
/// <param name="mining">Which triplets count.</param>
/// <param name="margin">The hinge's margin; null for the soft margin, log(1 + exp(difference)).</param>
internal sealed class TripletHead(
    int embeddingSize, long classCount, Func<Tensor, Tensor> distances, TripletMining mining, double? margin)
    : LossHead(nameof(TripletHead))
{
    // Triplets that are learned drop out of the mean, and the hard ones that stay may cost as much as at the start.
    public override bool FallsWithTraining => false;

    public override Tensor forward(Tensor embeddings, Tensor labels, LossStep step)
    {
        using var scope = NewDisposeScope();
        Tensor rows = embeddings.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? embeddings.to(ScalarType.Float32) : embeddings;
        Tensor distance = distances(normalize(rows, p: 2, dim: 1));                          // [B, B]
        Tensor isSame = labels.unsqueeze(1).eq(labels.unsqueeze(0));                         // [B, B]
        Tensor isPositive = isSame.logical_and(eye(labels.shape[0], dtype: ScalarType.Bool, device: labels.device).logical_not());
        (Tensor difference, Tensor exists) = Differences(distance, isPositive, isSame.logical_not());

        Tensor cost = margin is { } hinge ? difference.Plus(step.MarginFraction * hinge).relu() : logsigmoid(-difference).negative();
        Tensor isActive = exists.logical_and(cost.detach().IsAbove(0));

        // What is not active may be infinite: it is replaced, not multiplied by 0.
        Tensor sum = where(isActive, cost, zeros_like(cost)).sum();
        return (sum / isActive.sum().AtLeast(1)).MoveToOuterDisposeScope();
    }

    /// <summary>The mean direction of each class; zeros where it has no photograph.</summary>
    public override Tensor ClassCenters(IEnumerable<EmbeddedBatch> trainingSet)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor? sums = null;
        foreach (EmbeddedBatch batch in trainingSet)
        {
            sums ??= zeros(classCount, embeddingSize, dtype: batch.UnitEmbeddings.dtype, device: batch.UnitEmbeddings.device);
            sums.AddRowsInPlace(batch.Labels, batch.UnitEmbeddings);
        }

        return normalize(sums ?? zeros(classCount, embeddingSize), p: 2, dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>d(a, p) − d(a, n) of the triplets that count, in any shape, and which of these entries are triplets.</summary>
    private (Tensor Difference, Tensor Exists) Differences(Tensor distance, Tensor isPositive, Tensor isNegative)
    {
        Tensor infinity = distance.FilledWith(double.PositiveInfinity);
        if (mining == TripletMining.BatchHard)
        {
            Tensor farthestPositive = where(isPositive, distance, -infinity).amax([1]);      // [B]
            Tensor nearestNegative = where(isNegative, distance, infinity).amin([1]);
            Tensor hasBoth = isPositive.any(1).logical_and(isNegative.any(1));
            return (Finite(farthestPositive, hasBoth) - Finite(nearestNegative, hasBoth), hasBoth);
        }

        Tensor toPositive = distance.unsqueeze(2), toNegative = distance.unsqueeze(1);        // [B, B, 1], [B, 1, B]
        if (mining == TripletMining.All)
        {
            return (toPositive - toNegative, isPositive.unsqueeze(2).logical_and(isNegative.unsqueeze(1)));
        }

        Tensor isFarther = isNegative.unsqueeze(1).logical_and(toNegative > toPositive);      // [B, B, B]
        Tensor nearestFarther = where(isFarther, toNegative, infinity.unsqueeze(1)).amin([2]); // [B, B]
        Tensor hasFarther = isPositive.logical_and(isFarther.any(2));
        return (Finite(distance, hasFarther) - Finite(nearestFarther, hasFarther), hasFarther);
    }

    /// <summary>The values where they exist, elsewhere 0: infinities would make the gradient NaN.</summary>
    private static Tensor Finite(Tensor values, Tensor exists) => where(exists, values, zeros_like(values));
}
