using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Finds the division of an embedding by its length at the end of a network, in the forms in which it is written.</summary>
internal static class UnitLength
{
    /// <summary>The embedding before it is divided by its length; null if it is not.</summary>
    public static string? ValueBefore(NetworkDescription network) => network.ProducerOf(network.Output) switch
    {
        { Operator: "Div" } node when IsLengthOf(network, node.Inputs[1], node.Input) => node.Input,
        { Operator: Operators.Multiply } node => Array.Find([.. node.Inputs], value => IsReciprocalLengthOf(network, node.Inputs[node.Inputs[0] == value ? 1 : 0], value)),
        _ => null,
    };

    private static bool IsReciprocalLengthOf(NetworkDescription network, string value, string embedding) =>
        Producer(network, value) is { Operator: "Reciprocal" } node && IsLengthOf(network, node.Input, embedding);

    private static bool IsLengthOf(NetworkDescription network, string value, string embedding) => Producer(network, value) switch
    {
        { Operator: Operators.ReduceLength } node => node.Input == embedding && IsOfRow(node),
        { Operator: "Sqrt" } node => Producer(network, node.Input) switch
        {
            { Operator: "ReduceSumSquare" } sum => sum.Input == embedding && IsOfRow(sum),
            { Operator: Operators.ReduceSum } sum => IsOfRow(sum) && network.ProducerOf(sum.Input) is { Operator: Operators.Multiply } square && square.Inputs.All(factor => factor == embedding),
            _ => false,
        },
        _ => false,
    };

    private static bool IsOfRow(NetworkNode node) => node.Attributes.Numbers("axes") is [1];

    /// <summary>The node that makes a value, but for what keeps it from 0 and repeats it.</summary>
    private static NetworkNode? Producer(NetworkDescription network, string value)
    {
        const double small = 1e-3, large = 1e3;
        NetworkNode? node = network.ProducerOf(value);
        while (node is { Operator: Operators.Expand or Operators.Reshape or Operators.Flatten }
            || (node is { Operator: Operators.Clip } && Math.Abs(node.Attributes.Real("min", 0)) is <= small or >= large && node.Attributes.Real("max", 0) >= large))
        {
            node = network.ProducerOf(node!.Input);
        }

        return node;
    }
}
