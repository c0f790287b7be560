using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.FormulaNetworks;

/// <summary>
/// Weights that a formula gives, the same on every machine, under the published names: a network for checks that have no
/// file of weights and no libtorch.
/// </summary>
internal static class FormulaWeights
{
    /// <summary>All tensors of a network.</summary>
    public static IReadOnlyDictionary<string, StateTensor> Of(NetworkDescription network) => network.Nodes
        .SelectMany(node => node.Inputs, (node, name) => (Node: node, Tensor: network.FindTensor(name)))
        .Where(entry => entry.Tensor is { Kind: not TensorKind.Counter })
        .ToDictionary(entry => entry.Tensor!.Name, entry => Tensor(entry.Node, entry.Tensor!));

    private static StateTensor Tensor(NetworkNode node, NetworkTensor tensor)
    {
        (float middle, float range) = (node.Operator, tensor.Name[(tensor.Name.LastIndexOf('.') + 1)..]) switch
        {
            (Operators.BatchNormalization, "weight") => (0.8f, 0.2f),
            (Operators.BatchNormalization, "running_var") => (1, 0.5f),
            (Operators.BatchNormalization, _) => (0, 0.2f),
            (Operators.ParametricRelu, _) => (0.25f, 0.2f),
            (Operators.Linear, "bias") => (0, 0.1f),

            // Neither growing nor vanishing from layer to layer: uniform with a variance of 1 / inputs.
            _ => (0f, MathF.Sqrt(3f / tensor.Shape.Skip(1).Aggregate(1L, (product, size) => product * size))),
        };
        return PlainTensor.Of(tensor.Shape, Values(tensor.Name, tensor.Shape.Aggregate(1L, (product, size) => product * size), middle, range));
    }

    /// <summary>A linear congruential generator that starts with the name.</summary>
    private static float[] Values(string name, long count, float middle, float range)
    {
        uint state = 2_166_136_261;
        foreach (char letter in name)
        {
            state = (state ^ letter) * 16_777_619;
        }

        var values = new float[count];
        foreach (ref float value in values.AsSpan())
        {
            state = (state * 1_664_525) + 1_013_904_223;
            value = middle + (range * ((int)state / 2_147_483_648f));
        }

        return values;
    }
}
