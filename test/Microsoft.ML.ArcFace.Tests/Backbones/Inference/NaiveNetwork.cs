using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Data;

namespace Microsoft.ML.ArcFace.Tests.Backbones.Inference;

/// <summary>
/// The published networks layer by layer in float64: convolution, norm, activation and sum as the papers write them, nothing
/// folded, and without libtorch. What the fast network is compared with.
/// </summary>
internal sealed class NaiveNetwork(BackboneState state) : IFoldedLayers<NaiveMap>
{
    private const double Epsilon = 1e-5;

    /// <summary>Embeds one face: [d], not normalized.</summary>
    public static double[] Embed(BackboneState state, BackboneArchitecture architecture, ReadOnlySpan<byte> face)
    {
        double[] pixels = [.. face.ToArray().Select(value => (value - 127.5) / 127.5)];
        return FoldedBackbone.Build(state, architecture, new NaiveMap(FaceTensor.Size, FaceTensor.Size, pixels), new NaiveNetwork(state)).Values;
    }

    public NaiveMap Convolution(NaiveMap input, FoldedConvolution convolution, NaiveMap? shortcut)
    {
        NaiveMap map = convolution.NormBefore is { } before ? Normalize(input, before) : input;
        map = Normalize(Convolve(map, convolution), convolution.NormBehind);
        if (convolution.Activation is { } activation)
        {
            float[] slopes = state.Values(activation + ".weight");
            map = map with { Values = [.. map.Values.Select((value, index) => value > 0 ? value : value * slopes[index % slopes.Length])] };
        }

        return shortcut is null ? map : map with { Values = [.. map.Values.Zip(shortcut.Values, (one, other) => one + other)] };
    }

    public NaiveMap Linear(NaiveMap input, FoldedLinear linear)
    {
        NaiveMap map = linear.NormBefore is { } before ? Normalize(input, before) : input;
        float[] weight = state.Values(linear.Name + ".weight");
        int outputs = (int)state.ShapeOf(linear.Name + ".weight")[0], pixels = map.Height * map.Width, channels = map.Channels;
        double[] values = state.HasTensor(linear.Name + ".bias") ? Array.ConvertAll(state.Values(linear.Name + ".bias"), value => (double)value) : new double[outputs];
        for (int output = 0; output < outputs; output++)
        {
            for (int column = 0; column < pixels * channels; column++)
            {
                (int channel, int pixel) = Math.DivRem(column, pixels);
                values[output] += weight[(output * pixels * channels) + column] * map.Values[(pixel * channels) + channel];
            }
        }

        return Normalize(new NaiveMap(1, 1, values), linear.NormBehind);
    }

    private NaiveMap Normalize(NaiveMap map, string norm)
    {
        float[] gamma = state.Values(norm + ".weight"), beta = state.Values(norm + ".bias"), mean = state.Values(norm + ".running_mean"), variance = state.Values(norm + ".running_var");
        return map with
        {
            Values = [.. map.Values.Select((value, index) =>
            {
                int channel = index % gamma.Length;
                return (gamma[channel] * (value - mean[channel]) / Math.Sqrt(variance[channel] + Epsilon)) + beta[channel];
            })],
        };
    }

    private NaiveMap Convolve(NaiveMap input, FoldedConvolution convolution)
    {
        long[] shape = state.ShapeOf(convolution.Name + ".weight");
        (int outputs, int inputsOfGroup, int kernel, int area) = ((int)shape[0], (int)shape[1], (int)shape[2], (int)(shape[2] * shape[3]));
        int outputsOfGroup = outputs * inputsOfGroup / input.Channels, padding = convolution.Padding, stride = convolution.Stride;
        int height = ((input.Height + (2 * padding) - kernel) / stride) + 1, width = ((input.Width + (2 * padding) - kernel) / stride) + 1;
        double[] weight = ToChannelsLast(state.Values(convolution.Name + ".weight"), outputs, inputsOfGroup, area);
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
