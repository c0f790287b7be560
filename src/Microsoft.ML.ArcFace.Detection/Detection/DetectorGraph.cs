using Microsoft.ML.ArcFace.Graphs;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Detection;

/// <summary>Finds and changes the sizes of a detector's graph.</summary>
internal static class DetectorGraph
{
    /// <summary>Published detectors have 0.2 to 20 MB.</summary>
    public const int MostBytes = 256 << 20;

    /// <summary>The longest side of a picture that a detector is shown.</summary>
    public const int LongestSide = 4096;

    private const int Height = 2, Width = 3;

    /// <summary>Gives the only size of pictures that a graph says it takes; null: it does not say.</summary>
    /// <exception cref="WeightsFormatException">No photograph can be brought to that size.</exception>
    public static (int Width, int Height)? StatedSize(GraphProto graph)
    {
        if (graph.Input.FirstOrDefault(IsPicture) is not { Type.TensorType.Shape.Dim: [_, _, { DimValue: > 0 and var height }, { DimValue: > 0 and var width }] })
        {
            return null;
        }

        return height <= LongestSide && width <= LongestSide
            ? ((int)width, (int)height)
            : throw new WeightsFormatException($"The detector takes pictures of {width}×{height} pixels only; its sides must be at most {LongestSide}. Export it with open sizes, or with 640×640.");
    }

    /// <summary>Refuses a graph that takes anything but one picture.</summary>
    /// <exception cref="WeightsFormatException">It does.</exception>
    public static void CheckInput(GraphProto graph)
    {
        HashSet<string> constants = [.. graph.Initializer.Select(tensor => tensor.Name)];
        ValueInfoProto[] inputs = [.. graph.Input.Where(input => !constants.Contains(input.Name))];
        if (inputs is not [{ Type.TensorType: { ElemType: (int)DataType.Float, Shape.Dim: [{ DimValue: <= 1 }, { DimValue: 3 or 0 }, _, _] } }])
        {
            string found = string.Join(", ", inputs.Take(8).Select(Describe));
            throw new WeightsFormatException($"The graph is no face detector: it takes {(found.Length > 0 ? found : "nothing")}, where one picture of 3 channels, [1, 3, height, width] of Float, is needed.");
        }
    }

    /// <summary>Gives the sizes of an input: those of one picture; of others what the graph says, and 1 where it says nothing.</summary>
    public static long[] SizesOf(ValueInfoProto input, int width, int height) => IsPicture(input)
        ? [1, 3, height, width]
        : [.. (input.Type?.TensorType?.Shape?.Dim ?? []).Select(size => Math.Max(1, size.DimValue))];

    /// <summary>
    /// The graph for pictures of any size. Files often state the size they were traced with, although the network is made
    /// of convolutions; OpenCV replaces it too.
    /// </summary>
    public static ModelProto WithOpenSizes(ModelProto model)
    {
        ModelProto open = model.Clone();
        foreach (ValueInfoProto input in open.Graph.Input.Where(IsPicture))
        {
            input.Type.TensorType.Shape.Dim[Height] = Open("height");
            input.Type.TensorType.Shape.Dim[Width] = Open("width");
        }

        foreach (ValueInfoProto output in open.Graph.Output)
        {
            for (int i = 0; i < output.Type?.TensorType?.Shape?.Dim.Count - 1; i++)
            {
                output.Type!.TensorType.Shape.Dim[i] = Open($"{output.Name}_{i}");
            }
        }

        // Sizes of intermediate values follow from the old one.
        open.Graph.ValueInfo.Clear();
        return open;
    }

    private static string Describe(ValueInfoProto input) => input.Type?.TensorType is { } tensor
        ? $"{input.Name} [{string.Join(", ", (tensor.Shape?.Dim ?? []).Take(8).Select(size => size.DimValue > 0 ? $"{size.DimValue}" : "?"))}] of {(DataType)tensor.ElemType}"
        : $"{input.Name}, which is no tensor";

    private static bool IsPicture(ValueInfoProto input) => input.Type?.TensorType?.Shape?.Dim.Count == 4;

    private static TensorShapeProto.Types.Dimension Open(string name) => new() { DimParam = name };
}
