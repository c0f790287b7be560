using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>cos(θ − mẑ) − (m + mẑ), where ẑ measures the embedding's length against a running mean and deviation.</summary>
internal sealed class AdaFaceHead : MarginHead
{
    private const double Rate = 0.01, SmallestLength = 1e-3, LargestLength = 100, SmallestAngle = 1e-3, LargestCosine = 1 - 1e-3;

    private readonly double _margin, _concentration;

    // Scalars. Named as buffers, and seen by TorchSharp as the centres are.
    private readonly Tensor length_mean, length_deviation;

    public AdaFaceHead(int embeddingSize, long classCount, double scale, AdaFaceLoss loss) : base(nameof(AdaFaceHead), embeddingSize, classCount, scale)
    {
        (_margin, _concentration) = (loss.Margin, loss.Concentration);
        length_mean = tensor(20f);
        length_deviation = tensor(100f);
        register_buffer(nameof(length_mean), length_mean);
        register_buffer(nameof(length_deviation), length_deviation);
    }

    protected override void Observe(TargetPairs pairs)
    {
        Tensor lengths = ClampedLengths(pairs);
        length_mean.lerp_(lengths.mean().to(length_mean.dtype), Rate);
        if (lengths.shape[0] > 1)
        {
            length_deviation.lerp_(lengths.std().to(length_deviation.dtype), Rate);
        }
    }

    protected override Tensor TargetCosine(TargetPairs pairs)
    {
        double margin = pairs.Step.MarginFraction * _margin;
        Tensor quality = ((ClampedLengths(pairs) - length_mean) / length_deviation.Plus(1e-3)).Times(_concentration).Clamped(-1, 1);   // ẑ [B]

        // The clamp keeps arccos away from its poles.
        Tensor angle = pairs.Cosine.Clamped(-LargestCosine, LargestCosine).acos() - quality.Times(margin);
        return angle.Clamped(SmallestAngle, Math.PI - SmallestAngle).cos() - quality.Plus(1).Times(margin);
    }

    protected override Tensor OtherCosines(Tensor cosine, TargetPairs pairs) => cosine.Clamped(-LargestCosine, LargestCosine);

    private static Tensor ClampedLengths(TargetPairs pairs) => pairs.Lengths().detach().Clamped(SmallestLength, LargestLength);
}
