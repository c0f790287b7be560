using Microsoft.ML.ArcFace.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>cos θ − m.</summary>
internal sealed class CosFaceHead(int embeddingSize, long classCount, double scale, double cosineMargin)
    : MarginHead(nameof(CosFaceHead), embeddingSize, classCount, scale)
{
    protected override Tensor TargetCosine(TargetPairs pairs) => pairs.Cosine.Minus(pairs.Step.MarginFraction * cosineMargin);
}
