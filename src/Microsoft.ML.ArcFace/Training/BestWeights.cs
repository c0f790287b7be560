using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Keeps the weights of the best validation so far.</summary>
internal sealed class BestWeights(params nn.Module[] modules)
{
    private readonly Tensor[] _current = [.. modules.SelectMany(module => module.state_dict().Values)];
    private Tensor[]? _best;
    private double _bestScore = double.NegativeInfinity;
    private int _bestEpoch;

    /// <summary>Keeps the current weights if the score is the best, and says how many epochs ago the best was.</summary>
    public int Offer(double score, int epoch)
    {
        if (score > _bestScore)
        {
            using var noGradient = no_grad();
            _bestScore = score;
            _bestEpoch = epoch;
            _best ??= [.. _current.Select(tensor => tensor.detach().clone())];
            foreach ((Tensor current, Tensor best) in _current.Zip(_best))
            {
                best.copy_(current);
            }
        }

        return epoch - _bestEpoch;
    }

    /// <summary>Puts the best weights back; does nothing if none were offered.</summary>
    public void Restore()
    {
        using var noGradient = no_grad();
        foreach ((Tensor current, Tensor best) in _current.Zip(_best ?? []))
        {
            current.copy_(best);
        }
    }
}
