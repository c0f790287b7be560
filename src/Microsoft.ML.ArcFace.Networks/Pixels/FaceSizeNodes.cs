using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Pixels;

/// <summary>
/// A network that reads faces of another size than 112×112, with nodes in front that make its faces of those: what is
/// over at both sides of a narrower face is cut off. So 112×96 (height × width), as SphereFace's time had it, reads the middle 96 columns,
/// and the ArcFace template lies 8 pixels further to the left in it.
/// </summary>
internal static class FaceSizeNodes
{
    private const string CutName = "middle";

    /// <summary>Puts the nodes in front of a network; the same network where it reads 112×112.</summary>
    /// <exception cref="WeightsFormatException">No face of 112×112 is made into one of this size; the message is a part of a sentence.</exception>
    public static NetworkDescription Before(NetworkDescription network)
    {
        long[] shape = network.ShapeOf(network.Input);
        (long height, long width) = (shape[2], shape[3]);
        if (height == FaceInput.Size && width == FaceInput.Size)
        {
            return network;
        }

        if (height != FaceInput.Size || width > height || 2 * width < height)
        {
            throw new WeightsFormatException($"reads faces of {Describe(height, width)}; read are faces {FaceInput.Size} pixels high, and as wide or down to half as wide, which are cut out of aligned ones of {FaceInput.Size}×{FaceInput.Size}.");
        }

        List<NetworkNode> nodes = [];
        string value = network.Input;
        if (width != height)
        {
            value = Add(CutName, Operators.Slice, new()
            {
                ["starts"] = new[] { (height - width) / 2 }, ["ends"] = new[] { ((height - width) / 2) + width }, ["axes"] = new[] { 3L }, ["steps"] = new[] { 1L },
            });
        }

        NetworkNode[] further = [.. network.Nodes.Select(node => node with { Inputs = [.. node.Inputs.Select(input => input == network.Input ? value : input)] })];
        return new NetworkDescription(network.Name, network.Input, [NetworkDescription.Batch, FaceInput.Channels, FaceInput.Size, FaceInput.Size], [.. nodes, .. further], network.Tensors, network.Output);

        string Add(string name, string operation, Dictionary<string, object> attributes)
        {
            string made = PixelsNode.FreeName(network, name);
            nodes.Add(new NetworkNode(operation, made, [value], [made]) { Attributes = new NodeAttributes(attributes) });
            return made;
        }
    }

    /// <summary>Says how the network's faces are made; null where it reads 112×112.</summary>
    public static string? Describe(NetworkDescription network)
    {
        long[] shape = network.ShapeOf(network.Input);
        (long height, long width) = (shape[2], shape[3]);
        return width == height ? null : $"reads faces of {Describe(height, width)}: those aligned to {FaceInput.Size}×{FaceInput.Size}, cut to the middle {width} columns";
    }

    private static string Describe(long height, long width) => $"{height}×{width} pixels (height × width)";
}
