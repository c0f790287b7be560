using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Pixels;

/// <summary>
/// A network that reads faces of another size than 112×112, with nodes in front that make its faces of those: they are brought to its
/// height, and with them the ArcFace template; what is over at both sides of a narrower face is cut off. So 160×160 reads the whole face
/// enlarged, and 112×96 (height × width), as SphereFace's time had it, the middle 96 columns as they are.
/// </summary>
internal static class FaceSizeNodes
{
    /// <summary>Heights that a face is brought to: below, pixels would be passed over; above, few numbers would be a face's own.</summary>
    private const int SmallestHeight = 56, LargestHeight = 448;

    private const string ScaledName = "scaled", CutName = "middle";

    /// <summary>Puts the nodes in front of a network; the same network where it reads 112×112.</summary>
    /// <exception cref="WeightsFormatException">No face of 112×112 is made into one of this size; the message is a part of a sentence.</exception>
    public static NetworkDescription Before(NetworkDescription network)
    {
        (long height, long width) = SizeOf(network);
        if (height == FaceInput.Size && width == FaceInput.Size)
        {
            return network;
        }

        if (height is < SmallestHeight or > LargestHeight || width > height || 2 * width < height)
        {
            throw new WeightsFormatException(
                $"reads faces of {Describe(height, width)}; read are faces {SmallestHeight} to {LargestHeight} pixels high, and as wide or down to half as wide, which are made of aligned ones of {FaceInput.Size}×{FaceInput.Size}.");
        }

        List<NetworkNode> nodes = [];
        string value = network.Input;
        if (height != FaceInput.Size)
        {
            double scale = (double)height / FaceInput.Size;
            Add(ScaledName, Operators.Resize, ("sizes", new[] { height, height }), ("scales", new[] { scale, scale }), ("mode", "linear"), ("coordinate_transformation_mode", "half_pixel"));
        }

        if (width != height)
        {
            long left = (height - width) / 2;
            Add(CutName, Operators.Slice, ("starts", new[] { left }), ("ends", new[] { left + width }), ("axes", new[] { 3L }), ("steps", new[] { 1L }));
        }

        NetworkNode[] further = [.. network.Nodes.Select(node => node with { Inputs = [.. node.Inputs.Select(input => input == network.Input ? value : input)] })];
        return new NetworkDescription(network.Name, network.Input, [NetworkDescription.Batch, FaceInput.Channels, FaceInput.Size, FaceInput.Size], [.. nodes, .. further], network.Tensors, network.Output);

        void Add(string name, string operation, params (string Name, object Value)[] attributes)
        {
            string made = PixelsNode.FreeName(network, name);
            nodes.Add(new NetworkNode(operation, made, [value], [made]) { Attributes = new NodeAttributes(attributes.ToDictionary(attribute => attribute.Name, attribute => attribute.Value)) });
            value = made;
        }
    }

    /// <summary>Says how the faces of a network are made, behind its name; null where it reads 112×112.</summary>
    public static string? Describe(NetworkDescription network)
    {
        (long height, long width) = SizeOf(network);
        IEnumerable<string> steps = new[] { height == FaceInput.Size ? null : $"scaled to {height}×{height}", width == height ? null : $"cut to the middle {width} columns" }.OfType<string>();
        return height == FaceInput.Size && width == height ? null : $"reads faces of {Describe(height, width)}: those aligned to {FaceInput.Size}×{FaceInput.Size}, {string.Join(" and ", steps)}";
    }

    private static (long Height, long Width) SizeOf(NetworkDescription network) => network.ShapeOf(network.Input) is [_, _, var height, var width] ? (height, width) : default;

    private static string Describe(long height, long width) => $"{height}×{width} pixels (height × width)";
}
