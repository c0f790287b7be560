using Microsoft.ML.ArcFace.Networks;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>The picture that a recognizer's graph reads.</summary>
/// <param name="Name">The name of the input.</param>
/// <param name="Width">In pixels; of a graph that leaves it open, that of a face.</param>
/// <param name="Height">In pixels; of a graph that leaves it open, that of a face.</param>
/// <param name="IsChannelsLast">Whether it is [batch, height, width, 3]; else [batch, 3, height, width].</param>
internal sealed record GraphInput(string Name, int Width, int Height, bool IsChannelsLast)
{
    private const int LongestSide = 1024;

    /// <summary>The sizes of one picture, in the order of the graph.</summary>
    public long[] Sizes => IsChannelsLast ? [1, Height, Width, FaceInput.Channels] : [1, FaceInput.Channels, Height, Width];

    /// <summary>Finds the input of a graph.</summary>
    /// <exception cref="WeightsFormatException">There is none, there are several, or it is no picture.</exception>
    public static GraphInput Of(GraphProto graph)
    {
        HashSet<string> constants = [.. graph.Initializer.Select(tensor => tensor.Name)];
        ValueInfoProto[] inputs = [.. graph.Input.Where(input => !constants.Contains(input.Name))];
        if (inputs is not [var picture])
        {
            throw new WeightsFormatException($"The graph has {inputs.Length} inputs ({string.Join(", ", inputs.Take(8).Select(input => $"'{input.Name}'"))}); a recognizer has one, the picture of a face.");
        }

        TypeProto.Types.Tensor? type = picture.Type?.TensorType;
        long[] sizes = [.. (type?.Shape?.Dim ?? []).Select(size => size.DimValue)];
        if ((DataType)(type?.ElemType ?? 0) is not (DataType.Float or DataType.Float16 or DataType.Double or DataType.Bfloat16 or DataType.Uint8)
            || sizes.Length != 4
            || (sizes[1] != FaceInput.Channels && sizes[3] != FaceInput.Channels && sizes[1] > 0))
        {
            throw new WeightsFormatException(
                $"The input '{picture.Name}' of the graph is {(DataType)(type?.ElemType ?? 0)} [{string.Join(", ", sizes)}]; a recognizer reads real numbers [batch, 3, height, width] or [batch, height, width, 3].");
        }

        bool isLast = sizes[1] != FaceInput.Channels && sizes[3] == FaceInput.Channels;
        (long height, long width) = isLast ? (sizes[1], sizes[2]) : (sizes[2], sizes[3]);
        (height, width) = (height > 0 ? height : FaceInput.Size, width > 0 ? width : FaceInput.Size);
        return height <= LongestSide && width <= LongestSide
            ? new GraphInput(picture.Name, (int)width, (int)height, isLast)
            : throw new WeightsFormatException($"The graph reads pictures of {width}×{height} pixels; a recognizer reads faces of at most {LongestSide}×{LongestSide}.");
    }
}
