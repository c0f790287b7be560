using Microsoft.ML.ArcFace.Backbones.Inference.General;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>The last nodes before an output, which only arrange numbers or compute each for itself.</summary>
/// <param name="Value">What the first of them reads, or the output itself.</param>
/// <param name="Nodes">The nodes in their order.</param>
internal sealed record OutputEnd(string Value, IReadOnlyList<NetworkNode> Nodes)
{
    /// <summary>Whether a node can be one of them. None makes more numbers than it reads.</summary>
    public static bool CanTake(NetworkNode node) => node.Operator is Operators.Flatten or Operators.Reshape or Operators.Slice or Operators.Transpose || Operators.OfOneValue.Contains(node.Operator);

    /// <summary>Makes what reads the output of a picture.</summary>
    /// <param name="network">The network that the nodes are of.</param>
    /// <param name="shape">The sizes of <see cref="Value"/>.</param>
    /// <param name="map">The map of <see cref="Value"/>, whose border is known.</param>
    public OutputReader ReaderOf(NetworkDescription network, long[] shape, FeatureMap map)
    {
        int[] places = MapLayout.Places(map);
        var functions = new List<ElementFunction>();
        long[] sizes = ForOneImage(shape);
        foreach (NetworkNode node in Nodes)
        {
            long[] made = ForOneImage(network.ShapeOf(node.Output));
            if (Operators.OfLayout.Contains(node.Operator))
            {
                int[] before = places;
                places = Array.ConvertAll(TensorIndexes.Of(node, [sizes], made), index => before[index]);
            }
            else
            {
                functions.Add(ElementFunctions.Of(node));
            }

            sizes = made;
        }

        return new OutputReader(map, places, functions);
    }

    private static long[] ForOneImage(long[] shape) => [1, .. shape[1..]];
}

/// <summary>Copies an output out of the map that it is made of.</summary>
/// <param name="map">The map.</param>
/// <param name="places">For each number of the output its place in the map of an image.</param>
/// <param name="functions">What is done to each number then.</param>
internal sealed class OutputReader(FeatureMap map, int[] places, IReadOnlyList<ElementFunction> functions)
{
    public FeatureMap Map => map;

    /// <summary>Numbers of the output.</summary>
    public int Length => places.Length;

    /// <summary>Reads the output.</summary>
    /// <param name="memory">Where the map lies.</param>
    public unsafe float[] Read(MapMemory memory)
    {
        float* from = (float*)memory.Address;
        float[] values = new float[places.Length];
        for (int i = 0; i < places.Length; i++)
        {
            values[i] = from[places[i]];
        }

        foreach (ElementFunction function in functions)
        {
            function(values, values);
        }

        return values;
    }
}
