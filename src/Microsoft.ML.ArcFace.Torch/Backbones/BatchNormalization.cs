using Microsoft.ML.ArcFace.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// BatchNorm of [B,C], [B,C,L] or [B,C,H,W] with torch's usual constants. TorchSharp's counts its batches with a number that may be
/// freed during the call (<see cref="TensorArithmetic"/>).
/// </summary>
internal sealed class BatchNormalization(long channels, double epsilon = BatchNormalization.Epsilon)
    : BatchNorm(channels, epsilon, Rate, affine: true, track_running_stats: true, device: null, dtype: null, nameof(BatchNormalization))
{
    /// <summary>Added to variances.</summary>
    public const double Epsilon = 1e-5;

    private const double Rate = 0.1;

    /// <summary>What adds up the moments of the maps that are normalized; null: nothing does.</summary>
    public ChannelMoments? Observed { get; set; }

    public override Tensor forward(Tensor input)
    {
        ValidateInputDimensions(input);
        Observed?.Add(input);
        if (training)
        {
            num_batches_tracked!.AddInPlace(1);
        }

        return nn.functional.batch_norm(input, running_mean, running_var, weight, bias, training, momentum!.Value, eps);
    }

    protected override void ValidateInputDimensions(Tensor input)
    {
        if (input.dim() is not (2 or 3 or 4))
        {
            throw new ArgumentException($"BatchNorm takes [B,C], [B,C,L] or [B,C,H,W]; it was given {input.dim()} dimensions.", nameof(input));
        }
    }
}
