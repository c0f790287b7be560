namespace Microsoft.ML.ArcFace.Networks;

/// <summary>The numbers of a square convolution.</summary>
/// <param name="Kernel">Rows and columns of the kernel.</param>
/// <param name="Stride">From one result to the next, in both directions.</param>
/// <param name="Padding">On all sides.</param>
/// <param name="Groups">Groups of channels that meet only among themselves.</param>
internal readonly record struct ConvolutionShape(int Kernel, int Stride, int Padding, int Groups)
{
    /// <exception cref="WeightsFormatException">The convolution is not square, or spreads its kernel; the message names the node.</exception>
    public static ConvolutionShape Of(NetworkNode node, long[] weight)
    {
        long[] strides = node.Attributes.Numbers("strides", 1, 1), pads = node.Attributes.Numbers("pads", 0, 0, 0, 0), dilations = node.Attributes.Numbers("dilations", 1, 1);
        bool isSquare = weight is [_, _, var rows, var columns] && rows == columns && strides[0] == strides[1] && Array.TrueForAll(pads, pad => pad == pads[0]);
        return isSquare && Array.TrueForAll(dilations, dilation => dilation == 1)
            ? new ConvolutionShape((int)weight[2], (int)strides[0], (int)pads[0], (int)node.Attributes.Number("group", 1))
            : throw new WeightsFormatException(
                $"{node} has a weight [{string.Join(", ", weight)}], strides [{string.Join(", ", strides)}], pads [{string.Join(", ", pads)}] and dilations [{string.Join(", ", dilations)}]; only square convolutions without dilation are known here.");
    }

    /// <summary>Rows or columns of the result.</summary>
    public long OutputSize(long size) => ((size + (2 * Padding) - Kernel) / Stride) + 1;
}
