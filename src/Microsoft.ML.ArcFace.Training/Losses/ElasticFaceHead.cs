using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>cos(θ + E), E drawn from N(m, σ) for each sample in training, m itself in evaluation.</summary>
internal sealed class ElasticFaceHead(int embeddingSize, long classCount, double scale, ElasticFaceLoss loss)
    : MarginHead(nameof(ElasticFaceHead), embeddingSize, classCount, scale)
{
    private readonly AngularMargin _mean = new(1, loss.MarginRadians, loss.Extension);

    protected override Tensor TargetCosine(TargetPairs pairs)
    {
        AngularMargin mean = _mean.AtFraction(pairs.Step.MarginFraction);
        return training
            ? mean.Apply(pairs, addedRadians: randn_like(pairs.Cosine.detach()).Times(pairs.Step.MarginFraction * loss.StandardDeviationRadians))
            : mean.Apply(pairs);
    }
}
