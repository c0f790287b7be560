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
        double margin = MarginFraction * _margin;
        Tensor quality = ((ClampedLengths(pairs) - length_mean) / (length_deviation + 1e-3) * _concentration).clamp(-1, 1);   // ẑ [B]

        // The clamp keeps arccos away from its poles.
        Tensor angle = pairs.Cosine.clamp(-LargestCosine, LargestCosine).acos() - (margin * quality);
        return angle.clamp(SmallestAngle, Math.PI - SmallestAngle).cos() - (margin * (1 + quality));
    }

    protected override Tensor OtherCosines(Tensor cosine, TargetPairs pairs) => cosine.clamp(-LargestCosine, LargestCosine);

    private static Tensor ClampedLengths(TargetPairs pairs) => pairs.Lengths().detach().clamp(SmallestLength, LargestLength);
}
