using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Tests.Backbones.Inference;

/// <summary>
/// Networks node by node in float64: convolution, norm, activation and sum as the papers write them, nothing folded, and without
/// libtorch. What the fast network is compared with.
/// </summary>
internal sealed class NaiveNetwork(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> weights)
{
    private const double Epsilon = 1e-5;

    /// <summary>Embeds one face: [d], not normalized.</summary>
    public static double[] Embed(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> weights, ReadOnlySpan<byte> face)
    {
        double[] pixels = [.. face.ToArray().Select(value => (value - 127.5) / 127.5)];
        return new NaiveNetwork(network, weights).Run(new NaiveMap(FaceTensor.Size, FaceTensor.Size, pixels)).Values;
    }

    private NaiveMap Run(NaiveMap input)
    {
        Dictionary<string, NaiveMap> maps = new() { [network.Input] = input };
        foreach (NetworkNode node in network.Nodes)
        {
            NaiveMap map = maps[node.Input];
            maps[node.Output] = node.Operator switch
            {
                "Conv" => Convolve(map, node),
                "BatchNormalization" => Normalize(map, node),
                "PRelu" => Activate(map, Values(node, 1)),
                "Add" => map with { Values = [.. map.Values.Zip(maps[node.Inputs[1]].Values, (one, other) => one + other)] },
                "Flatten" => Flatten(map),
                "Gemm" => Multiply(map, node),
                _ => throw new NotSupportedException(node.Operator),
            };
        }

        return maps[network.Output];
    }

    private float[] Values(NetworkNode node, int input) => weights[node.Inputs[input]].ToSingles();

    private static NaiveMap Activate(NaiveMap map, float[] slopes) =>
        map with { Values = [.. map.Values.Select((value, index) => value > 0 ? value : value * slopes[index % slopes.Length])] };

    /// <summary>A row in the published order: channel, row, column.</summary>
    private static NaiveMap Flatten(NaiveMap map)
    {
        int pixels = map.Height * map.Width;
        return new NaiveMap(1, 1, [.. Enumerable.Range(0, map.Values.Length).Select(column => map.Values[(column % pixels * map.Channels) + (column / pixels)])]);
    }

    private NaiveMap Multiply(NaiveMap row, NetworkNode node)
    {
        float[] weight = Values(node, 1);
        double[] values = node.Inputs.Count > 2 ? Array.ConvertAll(Values(node, 2), value => (double)value) : new double[weight.Length / row.Values.Length];
        for (int output = 0; output < values.Length; output++)
        {
            for (int column = 0; column < row.Values.Length; column++)
            {
                values[output] += weight[(output * row.Values.Length) + column] * row.Values[column];
            }
        }

        return new NaiveMap(1, 1, values);
    }

    private NaiveMap Normalize(NaiveMap map, NetworkNode norm)
    {
        float[] gamma = Values(norm, 1), beta = Values(norm, 2), mean = Values(norm, 3), variance = Values(norm, 4);
        return map with
        {
            Values = [.. map.Values.Select((value, index) =>
            {
                int channel = index % gamma.Length;
                return (gamma[channel] * (value - mean[channel]) / Math.Sqrt(variance[channel] + Epsilon)) + beta[channel];
            })],
        };
    }

    private NaiveMap Convolve(NaiveMap input, NetworkNode node)
    {
        long[] shape = network.ShapeOf(node.Inputs[1]);
        (int outputs, int inputsOfGroup, int kernel, int area) = ((int)shape[0], (int)shape[1], (int)shape[2], (int)(shape[2] * shape[3]));
        int outputsOfGroup = outputs * inputsOfGroup / input.Channels, padding = (int)node.Attributes.Numbers("pads")[0], stride = (int)node.Attributes.Numbers("strides")[0];
        int height = ((input.Height + (2 * padding) - kernel) / stride) + 1, width = ((input.Width + (2 * padding) - kernel) / stride) + 1;
        double[] weight = ToChannelsLast(Values(node, 1), outputs, inputsOfGroup, area);
        var values = new double[height * width * outputs];
        Parallel.For(0, height * width, pixel =>
        {
            (int row, int column) = Math.DivRem(pixel, width);
            for (int position = 0; position < area; position++)
            {
                int y = (row * stride) - padding + (position / kernel), x = (column * stride) - padding + (position % kernel);
                if (y < 0 || y >= input.Height || x < 0 || x >= input.Width)
                {
                    continue;
                }

                for (int output = 0; output < outputs; output++)
                {
                    int firstInput = output / outputsOfGroup * inputsOfGroup;
                    values[(pixel * outputs) + output] += TensorPrimitives.Dot<double>(
                        input.Values.AsSpan((((y * input.Width) + x) * input.Channels) + firstInput, inputsOfGroup), weight.AsSpan(((output * area) + position) * inputsOfGroup, inputsOfGroup));
                }
            }
        });
        return new NaiveMap(height, width, values);
    }

    private static double[] ToChannelsLast(float[] weight, int outputs, int inputs, int area)
    {
        var reordered = new double[weight.Length];
        for (int output = 0; output < outputs; output++)
        {
            for (int input = 0; input < inputs; input++)
            {
                for (int position = 0; position < area; position++)
                {
                    reordered[(((output * area) + position) * inputs) + input] = weight[(((output * inputs) + input) * area) + position];
                }
            }
        }

        return reordered;
    }
}

/// <summary>A feature map of one image, [height, width, channels].</summary>
internal sealed record NaiveMap(int Height, int Width, double[] Values)
{
    public int Channels => Values.Length / (Height * Width);
}
