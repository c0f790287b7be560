using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>What a convolution does with its sums before it writes them: PReLU, or limits.</summary>
/// <param name="Slopes">[C], of negative numbers; null for no PReLU.</param>
/// <param name="IsLimited">Whether results are kept between <paramref name="Least"/> and <paramref name="Most"/>.</param>
/// <param name="Least">0 of a Relu.</param>
/// <param name="Most">Infinite of a Relu.</param>
internal readonly record struct LayerActivation(float[]? Slopes, bool IsLimited, float Least, float Most)
{
    /// <summary>No activation.</summary>
    public static LayerActivation None => default;

    /// <summary>Whether a node can be computed as such a one.</summary>
    public static bool Is(NetworkNode node) => node.Operator is Operators.ParametricRelu or Operators.Relu or Operators.LeakyRelu or Operators.Clip;

    /// <summary>Reads a node; null gives <see cref="None"/>.</summary>
    /// <param name="node">A node that <see cref="Is"/> one.</param>
    /// <param name="channels">Channels of the map.</param>
    /// <param name="values">Gives the numbers of a tensor.</param>
    public static LayerActivation Of(NetworkNode? node, int channels, Func<string, float[]> values) => node?.Operator switch
    {
        null => None,
        Operators.ParametricRelu => None with { Slopes = values(node.Inputs[1]) },
        Operators.LeakyRelu => None with { Slopes = [.. Enumerable.Repeat((float)node.Attributes.Real("alpha", 0.01), channels)] },
        Operators.Clip => new(null, IsLimited: true, (float)node.Attributes.Real("min", float.MinValue), (float)node.Attributes.Real("max", float.MaxValue)),
        _ => new(null, IsLimited: true, 0, float.PositiveInfinity),
    };

    /// <summary>The slopes of a PReLU that does the same, which a <see cref="Operators.Clip"/> has not.</summary>
    public float[]? AsSlopes(int channels) => IsLimited ? new float[channels] : Slopes;

    /// <summary>The same for a map of more channels, which only fill up registers: they stay 0.</summary>
    public LayerActivation Filled(int channels)
    {
        float[]? slopes = Slopes;
        if (slopes is not null)
        {
            Array.Resize(ref slopes, channels);
        }

        return this with { Slopes = slopes };
    }
}
