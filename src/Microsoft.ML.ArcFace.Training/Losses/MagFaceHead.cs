using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>cos(θ + m(a)) with a margin that grows with the embedding's length a.</summary>
internal sealed class MagFaceHead(int embeddingSize, long classCount, double scale, MagFaceLoss loss)
    : MarginHead(nameof(MagFaceHead), embeddingSize, classCount, scale)
{
    private readonly AngularMargin _curve = new(1, 0, loss.Extension);

    protected override Tensor TargetCosine(TargetPairs pairs)
    {
        // Its gradient by the length passes: that is how lengths are learned.
        Tensor length = pairs.Lengths().Clamped(loss.LowerLength, loss.UpperLength);           // a [B]
        double slope = (loss.UpperMarginRadians - loss.LowerMarginRadians) / (loss.UpperLength - loss.LowerLength);
        Tensor margin = length.Minus(loss.LowerLength).Times(slope).Plus(loss.LowerMarginRadians);
        Tensor target = _curve.Apply(pairs, addedRadians: margin.Times(pairs.Step.MarginFraction));
        return loss.EasyMargin ? where(pairs.Cosine.IsAbove(0), target, pairs.Cosine) : target;
    }
}

/// <summary>λ times the mean of a/u² + 1/a over the lengths a, which falls as they grow towards u.</summary>
internal sealed class LengthTerm(double termWeight, double lower, double upper) : LossTerm(nameof(LengthTerm))
{
    public override Tensor forward(Tensor embeddings, Tensor centers, Tensor labels)
    {
        using var scope = NewDisposeScope();
        Tensor length = embeddings.norm(1).Clamped(lower, upper);
        return length.DividedBy(upper * upper).Plus(length.reciprocal()).mean().Times(termWeight).MoveToOuterDisposeScope();
    }
}
