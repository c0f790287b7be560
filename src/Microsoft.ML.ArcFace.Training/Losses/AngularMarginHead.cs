using Microsoft.ML.ArcFace.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>ψ(θ) − m₃: ArcFace, the combined margin and SphereFace's multiplicative form.</summary>
internal sealed class AngularMarginHead(
    int embeddingSize, long classCount, double scale, AngularMargin margin, double cosineMargin, MarginGradient gradient)
    : MarginHead(nameof(AngularMarginHead), embeddingSize, classCount, scale)
{
    protected override Tensor TargetCosine(TargetPairs pairs) =>
        margin.AtFraction(pairs.Step.MarginFraction).Apply(pairs, gradient).Minus(pairs.Step.MarginFraction * cosineMargin);
}
