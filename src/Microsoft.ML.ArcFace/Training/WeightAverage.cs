using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// An exponential moving average of a module's parameters and buffers, kept in a second module of the same kind.
/// The decay starts small, so that the random start is forgotten.
/// </summary>
internal sealed class WeightAverage(nn.Module source, nn.Module average, double decay)
{
    private readonly (Tensor Source, Tensor Average)[] _pairs =
        [.. source.state_dict().Values.Zip(average.state_dict().Values, (s, a) => (s, a))];

    private int _updates;

    public void Update()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        double keep = Math.Min(decay, (1 + _updates) / (10.0 + _updates));
        _updates++;
        foreach ((Tensor from, Tensor to) in _pairs)
        {
            if (to.is_floating_point())
            {
                to.lerp_(from, 1 - keep);
            }
            else
            {
                to.copy_(from);
            }
        }
    }
}
