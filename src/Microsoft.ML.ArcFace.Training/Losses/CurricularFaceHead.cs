using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>ArcFace whose hard negatives, cos θⱼ > cos(θ_y + m), become cos θⱼ(t + cos θⱼ).</summary>
internal sealed class CurricularFaceHead : MarginHead
{
    private const double Rate = 0.01;

    private readonly AngularMargin _margin;

    // t, a scalar. Named as a buffer, and seen by TorchSharp as the centres are.
    private readonly Tensor target_cosine;

    public CurricularFaceHead(int embeddingSize, long classCount, double scale, AngularMargin margin)
        : base(nameof(CurricularFaceHead), embeddingSize, classCount, scale)
    {
        _margin = margin;
        target_cosine = tensor(0f);
        register_buffer(nameof(target_cosine), target_cosine);
    }

    protected override void Observe(TargetPairs pairs) => target_cosine.lerp_(pairs.Cosine.mean().to(target_cosine.dtype), Rate);

    protected override Tensor TargetCosine(TargetPairs pairs) => _margin.AtFraction(pairs.Step.MarginFraction).Apply(pairs);

    protected override Tensor OtherCosines(Tensor cosine, TargetPairs pairs)
    {
        Tensor threshold = pairs.Angle().Plus(pairs.Step.MarginFraction * _margin.MarginRadians).cos().unsqueeze(1);    // [B, 1]
        Tensor isHard = cosine.detach() > threshold;                                                       // [B, C]

        // While the margin grows, so does the weight; t + cos θⱼ in the end.
        Tensor hardness = target_cosine.Minus(1).Plus(cosine).Times(pairs.Step.MarginFraction).Plus(1);
        return where(isHard, cosine * hardness, cosine);
    }
}
