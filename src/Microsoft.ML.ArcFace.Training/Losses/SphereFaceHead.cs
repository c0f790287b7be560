using Microsoft.ML.ArcFace.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>(λ cos θ + ψ(mθ))/(1 + λ), scaled by the embedding's own length.</summary>
internal sealed class SphereFaceHead(int embeddingSize, long classCount, SphereFaceLoss loss)
    : MarginHead(nameof(SphereFaceHead), embeddingSize, classCount, scale: 1)
{
    private readonly AngularMargin _margin = new(loss.AngleMultiplier, 0, MarginExtension.Continuous);

    /// <summary>λ at a step.</summary>
    private double Annealing(long step) => Math.Max(loss.MinimumAnnealing, loss.InitialAnnealing / (1 + (loss.AnnealingDecay * step)));

    protected override Tensor TargetCosine(TargetPairs pairs)
    {
        Tensor margin = _margin.AtFraction(pairs.Step.MarginFraction).Apply(pairs, MarginGradient.Exact);
        double annealing = Annealing(pairs.Step.Number);
        return pairs.Cosine.Times(annealing).Plus(margin).DividedBy(1 + annealing);
    }

    protected override Tensor Scaled(Tensor cosine, Tensor embeddings) => cosine * embeddings.norm(1, keepdim: true);
}
