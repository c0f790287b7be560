using Microsoft.ML.ArcFace.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>(λ cos θ + ψ(mθ))/(1 + λ), scaled by the embedding's own length.</summary>
internal sealed class SphereFaceHead(int embeddingSize, long classCount, SphereFaceLoss loss)
    : MarginHead(nameof(SphereFaceHead), embeddingSize, classCount, scale: 1)
{
    private readonly AngularMargin _margin = new(loss.AngleMultiplier, 0, MarginExtension.Continuous);

    /// <summary>λ at the current step.</summary>
    private double Annealing => Math.Max(loss.MinimumAnnealing, loss.InitialAnnealing / (1 + (loss.AnnealingDecay * Step)));

    protected override Tensor TargetCosine(TargetPairs pairs)
    {
        Tensor margin = _margin.AtFraction(MarginFraction).Apply(pairs, MarginGradient.Exact);
        return pairs.Cosine.Times(Annealing).Plus(margin).DividedBy(1 + Annealing);
    }

    protected override Tensor Scaled(Tensor cosine, Tensor embeddings) => cosine * embeddings.norm(1, keepdim: true);
}
