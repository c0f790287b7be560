using Microsoft.ML.ArcFace.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Trains the sampled rows of a table of class centres: centres, momentum and weight decay of the other rows are neither
/// read nor written. With all rows sampled it is torch's own optimizer.
/// </summary>
internal sealed class SampledRowsOptimizer : IDisposable
{
    // AdamW's usual constants, those of torch.
    private const double FirstRate = 0.9, SecondRate = 0.999, Smallest = 1e-8;

    private readonly TrainingOptimizer _kind;
    private readonly double _momentum;
    private readonly double _weightDecay;

    // [C·K, d]: the momentum of SGD or the first moment of AdamW; and AdamW's second.
    private readonly Tensor _first;
    private readonly Tensor? _second;
    private long _steps;

    public SampledRowsOptimizer(TrainingOptimizer kind, SampledCenters centers, double momentum, double weightDecay)
    {
        (_kind, _momentum, _weightDecay) = (kind, momentum, weightDecay);
        _first = zeros_like(centers.Table).DetachFromDisposeScope();
        _second = kind == TrainingOptimizer.AdamW ? zeros_like(centers.Table).DetachFromDisposeScope() : null;
    }

    /// <summary>One step with the gradient of the last sample, which is freed.</summary>
    public void Step(SampledCenters centers, double learningRate)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = centers.Rows!, values = centers.Values!.detach(), gradient = centers.Values!.grad!;    // [S], [S, d], [S, d]
        _steps++;
        Tensor first = _first.index_select(0, rows);
        if (_kind == TrainingOptimizer.AdamW)
        {
            Tensor second = _second!.index_select(0, rows);
            first.lerp_(gradient, 1 - FirstRate);
            second.mul_(SecondRate).addcmul_(gradient, gradient, 1 - SecondRate);
            Tensor divisor = (second.sqrt() / Math.Sqrt(1 - Math.Pow(SecondRate, _steps))).add_(Smallest);
            values.mul_(1 - (learningRate * _weightDecay)).addcdiv_(first, divisor, -learningRate / (1 - Math.Pow(FirstRate, _steps)));
            _second.index_copy_(0, rows, second);
        }
        else
        {
            first.mul_(_momentum).add_(gradient).add_(values, alpha: _weightDecay);
            values.sub_(first * learningRate);
        }

        _first.index_copy_(0, rows, first);
        centers.Table.index_copy_(0, rows, values);
        centers.Forget();
    }

    public void Dispose()
    {
        _first.Dispose();
        _second?.Dispose();
    }
}
