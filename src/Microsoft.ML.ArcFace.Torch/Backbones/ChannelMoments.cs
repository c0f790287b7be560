using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>Adds up mean and variance of the channels of maps.</summary>
internal sealed class ChannelMoments
{
    private double _count;
    private double[] _sums = [], _squares = [];

    /// <summary>The mean of each channel.</summary>
    public float[] Mean => Array.ConvertAll(_sums, sum => (float)(sum / _count));

    /// <summary>The variance of each channel, 0 or more.</summary>
    public float[] Variance => [.. _sums.Zip(_squares, (sum, square) => (float)Math.Max(0, (square / _count) - (sum / _count * (sum / _count))))];

    /// <summary>Adds maps [B,C,H,W].</summary>
    public void Add(Tensor maps)
    {
        using var scope = NewDisposeScope();
        Tensor exact = maps.detach().to(ScalarType.Float64);
        double[] sums = [.. exact.sum([0, 2, 3]).cpu().data<double>()], squares = [.. exact.mul(exact).sum([0, 2, 3]).cpu().data<double>()];
        _sums = _sums.Length == 0 ? sums : [.. _sums.Zip(sums, (left, right) => left + right)];
        _squares = _squares.Length == 0 ? squares : [.. _squares.Zip(squares, (left, right) => left + right)];
        _count += maps.numel() / (double)sums.Length;
    }
}
