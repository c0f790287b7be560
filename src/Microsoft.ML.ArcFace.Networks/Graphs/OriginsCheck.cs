using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Holds the origins of a saved model to its graph and its network, for whoever altered them.</summary>
internal static class OriginsCheck
{
    /// <exception cref="WeightsFormatException">They do not fit; the message names the tensor.</exception>
    public static void Check(GraphProto graph, IReadOnlyList<TensorOrigin> origins, NetworkDescription network)
    {
        Dictionary<string, TensorProto> roots = GraphTensors.Of(graph);
        var filled = new HashSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (TensorOrigin origin in origins)
        {
            if (network.FindTensor(origin.Tensor) is not { } tensor || !seen.Add(origin.Tensor) || !Fits(graph, roots, origin, PlainTensor.CountOf(tensor.Shape))
                || origin.Uses.Any(use => use.Value.Length > 0 && !(use.In(network) is { } read && read.Shape.SequenceEqual(tensor.Shape))))
            {
                throw Altered(origin.Tensor);
            }

            if ((origin.IsOnlyOne && origin.Source.Root is null) || (origin.Unchanged is null && (!origin.IsOnlyOne || !filled.Add(origin.Source.Root!))))
            {
                throw Altered(origin.Tensor);
            }
        }

        if (Tensors(graph).FirstOrDefault(tensor => GraphTensors.IsEmptied(tensor.Tensor) && !filled.Contains(tensor.Name)) is { Tensor: not null, Name: var missing })
        {
            throw Altered(missing);
        }
    }

    private static IEnumerable<(string Name, TensorProto Tensor)> Tensors(GraphProto graph) =>
    [
        .. graph.Initializer.Select(tensor => (tensor.Name, tensor)),
        .. graph.Node.SelectMany(node => node.Attribute.Where(attribute => attribute.T is not null).Select(attribute => (node is { OpType: "Constant", Output.Count: > 0 } && attribute.Name == "value" ? node.Output[0] : node.Name, attribute.T))),
    ];

    private static bool Fits(GraphProto graph, Dictionary<string, TensorProto> roots, TensorOrigin origin, long count)
    {
        long counted = count;
        foreach (TensorStep step in origin.Source.Steps.Reverse())
        {
            bool isSound = Enum.IsDefined(step.Kind) && step.Kind switch
            {
                TensorStepKind.Transpose => IsOf(step.Shape, counted) && step.Order?.Length == step.Shape!.Length && step.Order.Order().SequenceEqual(Enumerable.Range(0, step.Order.Length)),
                TensorStepKind.Repeat => IsOf(step.Shape, counted),
                TensorStepKind.Scale => double.IsFinite(step.Number),
                _ => step.Statistic is not null && double.IsFinite(step.Number),
            };
            if (!isSound)
            {
                return false;
            }

            counted = step.Kind == TensorStepKind.Repeat ? 1 : counted;
        }

        return (origin.Source.Root is not { } root || (roots.TryGetValue(root, out TensorProto? tensor) && IsOf([.. tensor.Dims], counted)))
            && origin.Uses.All(use => use.Node >= 0 && use.Node < graph.Node.Count && use.Input >= 0 && use.Input < graph.Node[use.Node].Input.Count
                && use.Start >= 0 && use.Start <= origin.Source.Steps.Count && (IsOf(use.Shape, count) || IsOf(use.Shape, 1)));
    }

    private static bool IsOf(long[]? shape, long count)
    {
        if (shape is null || shape.Length > GraphValue.MostRank || Array.Exists(shape, size => size is < 0 or > int.MaxValue))
        {
            return false;
        }

        return shape.Aggregate(1.0, (product, size) => product * size) == count;
    }

    private static WeightsFormatException Altered(string name) =>
        new($"The graph that the model was imported from does not fit its network: the tensor '{name}' is not where it should go. It was altered after saving.");
}
