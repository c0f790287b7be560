using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Keeps the weights of the best validation so far.</summary>
internal sealed class BestWeights(params (string Name, nn.Module Module)[] modules) : IRunPart
{
    private readonly (string Name, Tensor Tensor)[] _current =
        [.. modules.SelectMany(named => ModuleState.Of(named.Module), (named, entry) => ($"{named.Name}.{entry.Name}", entry.Tensor))];

    private Tensor[]? _best;

    /// <summary>The best score so far; −∞ before the first.</summary>
    public double Score { get; private set; } = double.NegativeInfinity;

    /// <summary>The epoch that it was offered in.</summary>
    public int Epoch { get; private set; }

    public void Transfer(RunState state)
    {
        Score = state.Number("score", Score);
        Epoch = state.Number("epoch", Epoch, least: 0);
        if (Epoch > 0)
        {
            _best ??= Copies();
            state.Tensors(_current.Select(current => current.Name).Zip(_best));
        }
    }

    /// <summary>Keeps the current weights if the score is the best, and says how many epochs ago the best was.</summary>
    public int Offer(double score, int epoch)
    {
        if (score > Score)
        {
            using var noGradient = no_grad();
            (Score, Epoch) = (score, epoch);
            _best ??= Copies();
            foreach (((_, Tensor current), Tensor best) in _current.Zip(_best))
            {
                best.copy_(current);
            }
        }

        return epoch - Epoch;
    }

    /// <summary>Puts the best weights back; does nothing if none were offered.</summary>
    public void Restore()
    {
        using var noGradient = no_grad();
        foreach (((_, Tensor current), Tensor best) in _current.Zip(_best ?? []))
        {
            current.copy_(best);
        }
    }

    private Tensor[] Copies() => [.. _current.Select(entry => entry.Tensor.detach().clone())];
}
