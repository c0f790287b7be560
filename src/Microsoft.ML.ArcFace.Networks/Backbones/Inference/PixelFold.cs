using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// What a network does with the colors of each pixel before its first convolution: matrix·x + shift. The convolution takes it in; where
/// its kernel reaches beyond the map it must meet 0 behind it, so the border of the pixels holds what becomes 0.
/// </summary>
/// <param name="Convolution">The first convolution.</param>
/// <param name="Nodes">The nodes that it takes in.</param>
/// <param name="Matrix">[3, 3], row by row.</param>
/// <param name="Shift">[3].</param>
internal sealed record PixelFold(NetworkNode Convolution, IReadOnlySet<NetworkNode> Nodes, double[] Matrix, double[] Shift)
{
    private const int Channels = FaceInput.Channels;

    /// <summary>Finds it; null where a network begins otherwise, or the pixels cannot be had back from what becomes of them.</summary>
    public static PixelFold? Of(FoldedNetwork folded)
    {
        NetworkDescription network = folded.Network;
        double[] matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1], shift = new double[Channels];
        HashSet<NetworkNode> nodes = [];
        string value = network.Input;
        while (network.ShapeOf(network.Input)[1] == Channels && !network.IsOutput(value) && network.ReadersOf(value).ToArray() is [var node])
        {
            if (PixelScaling.AffineOf(network, folded.Tensors, node, value) is { } affine)
            {
                matrix = [.. matrix.Select((number, i) => number * affine.Scale[i / Channels])];
                shift = [.. shift.Select((number, i) => (number * affine.Scale[i]) + affine.Shift[i])];
            }
            else if (IsOfColors(network, node))
            {
                float[] weight = folded.Tensors[node.Inputs[1]].ToSingles(), bias = node.Inputs.Count > 2 ? folded.Tensors[node.Inputs[2]].ToSingles() : new float[Channels];
                double[] before = matrix, beforeShift = shift;
                matrix = [.. Enumerable.Range(0, Channels * Channels).Select(i => Enumerable.Range(0, Channels).Sum(k => weight[(i / Channels * Channels) + k] * before[(k * Channels) + (i % Channels)]))];
                shift = [.. Enumerable.Range(0, Channels).Select(i => bias[i] + Enumerable.Range(0, Channels).Sum(k => weight[(i * Channels) + k] * beforeShift[k]))];
            }
            else if (node.Operator != Operators.Transpose || node.Attributes.Numbers("perm") is not ([0, 2, 3, 1] or [0, 3, 1, 2]))
            {
                bool isEnd = node.Operator == Operators.Convolution && node.Attributes.Number("group", 1) == 1 && node.Input == value && network.ShapeOf(value).SequenceEqual(network.ShapeOf(network.Input));
                return isEnd && nodes.Count > 0 && Math.Abs(Determinant(matrix)) > 1e-30 ? new PixelFold(node, nodes, matrix, shift) : null;
            }

            nodes.Add(node);
            value = node.Output;
        }

        return null;
    }

    /// <summary>The pixel that becomes 0.</summary>
    public float[] Zero()
    {
        double determinant = Determinant(Matrix);
        return [.. Enumerable.Range(0, Channels).Select(column => (float)(Determinant([.. Matrix.Select((number, i) => i % Channels == column ? -Shift[i / Channels] : number)]) / determinant))];
    }

    /// <summary>Takes it into rows of the convolution's weight.</summary>
    /// <param name="weight">[outputs, 3, area], changed.</param>
    /// <param name="bias">[outputs], changed.</param>
    public void Into(Span<float> weight, Span<float> bias)
    {
        int area = weight.Length / (bias.Length * Channels);
        for (int output = 0; output < bias.Length; output++)
        {
            Span<float> row = weight.Slice(output * Channels * area, Channels * area);
            double sum = bias[output];
            for (int position = 0; position < area; position++)
            {
                (double first, double second, double third) = (row[position], row[area + position], row[(2 * area) + position]);
                sum += (first * Shift[0]) + (second * Shift[1]) + (third * Shift[2]);
                for (int channel = 0; channel < Channels; channel++)
                {
                    row[(channel * area) + position] = (float)((first * Matrix[channel]) + (second * Matrix[Channels + channel]) + (third * Matrix[(2 * Channels) + channel]));
                }
            }

            bias[output] = (float)sum;
        }
    }

    private static bool IsOfColors(NetworkDescription network, NetworkNode node) =>
        node.Operator == Operators.Convolution && network.ShapeOf(node.Inputs[1]) is [Channels, Channels, 1, 1] && network.ShapeOf(node.Output).SequenceEqual(network.ShapeOf(node.Input))
        && node.Attributes.Numbers("pads", 0, 0, 0, 0) is [0, 0, 0, 0];

    private static double Determinant(double[] m) =>
        (m[0] * ((m[4] * m[8]) - (m[5] * m[7]))) - (m[1] * ((m[3] * m[8]) - (m[5] * m[6]))) + (m[2] * ((m[3] * m[7]) - (m[4] * m[6])));
}
