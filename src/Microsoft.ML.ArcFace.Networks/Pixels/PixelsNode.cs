using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Pixels;

/// <summary>
/// A network that reads other pixels than <see cref="FaceInput"/> describes, with a 1×1 convolution in front that makes them of
/// those. Whoever gives faces, trains or writes the network goes on having one convention, and the fingerprint covers the pixels.
/// </summary>
/// <param name="Network">The network with the convolution in front; the same network where there is nothing to do.</param>
/// <param name="Tensors">The tensors that it has more, weight [3, 3, 1, 1] and bias [3]; none where there is nothing to do.</param>
internal sealed record PixelsNode(NetworkDescription Network, IReadOnlyDictionary<string, PlainTensor<float>> Tensors)
{
    private const string DefaultName = "pixels";

    /// <summary>Puts the convolution in front of a network.</summary>
    public static PixelsNode Before(NetworkDescription network, FacePixels pixels)
    {
        if (pixels == FacePixels.Standard)
        {
            return new PixelsNode(network, new Dictionary<string, PlainTensor<float>>());
        }

        const int channels = FaceInput.Channels;
        string name = FreeName(network), weight = name + ".weight", bias = name + ".bias";
        (float[] matrix, float[] shift) = Affine(pixels);
        var node = new NetworkNode(Operators.Convolution, name, [network.Input, weight, bias], [name])
        {
            Attributes = new NodeAttributes(new Dictionary<string, object>
            {
                ["kernel_shape"] = new[] { 1L, 1L }, ["strides"] = new[] { 1L, 1L }, ["pads"] = new long[4], ["dilations"] = new[] { 1L, 1L }, ["group"] = 1L,
            }),
        };
        NetworkNode[] nodes = [node, .. network.Nodes.Select(one => one with { Inputs = [.. one.Inputs.Select(value => value == network.Input ? name : value)] })];
        var tensors = new Dictionary<string, PlainTensor<float>> { [weight] = PlainTensor.Of([channels, channels, 1, 1], matrix), [bias] = PlainTensor.Of([channels], shift) };
        NetworkTensor[] described = [.. tensors.Select(tensor => new NetworkTensor(tensor.Key, tensor.Value.Shape, TensorKind.FixedWeight)), .. network.Tensors];
        return new PixelsNode(new NetworkDescription(network.Name, network.Input, network.ShapeOf(network.Input), nodes, described, network.Output), tensors);
    }

    /// <summary>Adds the tensors to those of the network.</summary>
    public IReadOnlyDictionary<string, StateTensor> With(IReadOnlyDictionary<string, StateTensor> tensors) =>
        tensors.Concat(Tensors.Select(tensor => KeyValuePair.Create(tensor.Key, (StateTensor)tensor.Value))).ToDictionary();

    /// <summary>
    /// Gives matrix [3, 3] and bias [3]: what each channel of the network takes of red, green and blue, which are
    /// (value - 127.5) / 127.5, and what is added.
    /// </summary>
    private static (float[] Matrix, float[] Bias) Affine(FacePixels pixels)
    {
        const int channels = FaceInput.Channels;
        float[] matrix = new float[channels * channels], bias = new float[channels];
        double[] mean = pixels.Mean.ToArray(), deviation = pixels.Deviation.ToArray();
        for (int channel = 0; channel < channels; channel++)
        {
            int color = pixels.ColorOrder == FaceColorOrder.Bgr ? channels - 1 - channel : channel;
            matrix[(channel * channels) + color] = (float)(FaceInput.MiddleOfRange / deviation[color]);
            bias[channel] = (float)((FaceInput.MiddleOfRange - mean[color]) / deviation[color]);
        }

        return (matrix, bias);
    }

    /// <summary>A name of a node, and of its weight and bias, that a network does not have yet.</summary>
    public static string FreeName(NetworkDescription network, string name = DefaultName)
    {
        HashSet<string> taken = [.. network.Nodes.Select(node => node.Name), .. network.Nodes.SelectMany(node => node.Outputs), .. network.Tensors.Select(tensor => tensor.Name), network.Input];
        while (taken.Contains(name) || taken.Contains(name + ".weight") || taken.Contains(name + ".bias"))
        {
            name += "_";
        }

        return name;
    }
}
