using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>What a convolution does with its sums before it writes them: PReLU, and a limit from above.</summary>
/// <param name="Slopes">[C], of negative numbers; null for no PReLU.</param>
/// <param name="Most">The limit; infinite for none.</param>
internal readonly record struct LayerActivation(float[]? Slopes, float Most)
{
    /// <summary>No activation.</summary>
    public static LayerActivation None { get; } = new(null, float.PositiveInfinity);

    /// <summary>Whether a node can be computed as such a one.</summary>
    public static bool Is(NetworkNode node) => node.Operator is Operators.ParametricRelu or Operators.Relu or Operators.LeakyRelu
        || (node.Operator == Operators.Clip && node.Attributes.Real("min", 0) == 0 && node.Attributes.Real("max", 0) > 0);

    /// <summary>Reads a node; null gives <see cref="None"/>.</summary>
    /// <param name="node">A node that <see cref="Is"/> one.</param>
    /// <param name="channels">Channels of the map.</param>
    /// <param name="values">Gives the numbers of a tensor.</param>
    public static LayerActivation Of(NetworkNode? node, int channels, Func<string, float[]> values) => node switch
    {
        null => None,
        { Operator: Operators.ParametricRelu } => new(values(node.Inputs[1]), float.PositiveInfinity),
        { Operator: Operators.LeakyRelu } => new(Slope(node.Attributes.Real("alpha", 0.01), channels), float.PositiveInfinity),
        { Operator: Operators.Clip } => new(Slope(0, channels), (float)node.Attributes.Real("max", 0)),
        _ => new(Slope(0, channels), float.PositiveInfinity),
    };

    /// <summary>The same for a map of more channels, which only fill up registers.</summary>
    public LayerActivation Filled(int channels)
    {
        float[]? slopes = Slopes;
        if (slopes is not null)
        {
            Array.Resize(ref slopes, channels);
        }

        return this with { Slopes = slopes };
    }

    private static float[] Slope(double slope, int channels) => [.. Enumerable.Repeat((float)slope, channels)];
}
