using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>How the window of a convolution or of a pool goes over a map.</summary>
/// <param name="Rows">Rows of the kernel.</param>
/// <param name="Columns">Columns of the kernel.</param>
/// <param name="RowStride">Rows from one result to the next.</param>
/// <param name="ColumnStride">Columns from one result to the next.</param>
/// <param name="Top">Rows of padding above the map.</param>
/// <param name="Left">Columns of padding before the map.</param>
/// <param name="Bottom">Rows of padding below the map.</param>
/// <param name="Right">Columns of padding behind the map.</param>
/// <param name="RowDilation">Rows from one row of the kernel to the next.</param>
/// <param name="ColumnDilation">Columns from one column of the kernel to the next.</param>
internal readonly record struct ConvolutionWindow(int Rows, int Columns, int RowStride, int ColumnStride, int Top, int Left, int Bottom, int Right, int RowDilation, int ColumnDilation)
{
    /// <summary>The border that a map needs for it.</summary>
    public int Border => Math.Max(Math.Max(Top, Bottom), Math.Max(Left, Right));

    /// <summary>The padding, where it is the same on all sides; −1 where it is not.</summary>
    public int Padding => Top == Left && Top == Bottom && Top == Right ? Top : -1;

    public static ConvolutionWindow Of(NetworkNode node, long rows, long columns)
    {
        long[] strides = node.Attributes.Numbers("strides", 1, 1), pads = node.Attributes.Numbers("pads", 0, 0, 0, 0), dilations = node.Attributes.Numbers("dilations", 1, 1);
        return new ConvolutionWindow((int)rows, (int)columns, (int)strides[0], (int)strides[1], (int)pads[0], (int)pads[1], (int)pads[2], (int)pads[3], (int)dilations[0], (int)dilations[1]);
    }

    /// <summary>A window that covers a map.</summary>
    public static ConvolutionWindow Whole(FeatureMap map) => new(map.Height, map.Width, 1, 1, 0, 0, 0, 0, 1, 1);

    /// <summary>Whether no place of it lies beyond the map that it goes over.</summary>
    public bool IsWithin(FeatureMap input, FeatureMap output) => Padding == 0
        && ((output.Height - 1) * RowStride) + ((Rows - 1) * RowDilation) < input.Height && ((output.Width - 1) * ColumnStride) + ((Columns - 1) * ColumnDilation) < input.Width;

    /// <summary>Whether it is square and undilated, with the same padding on all sides.</summary>
    public bool IsSquare(int kernel, int padding) => Rows == kernel && Columns == kernel && RowStride == ColumnStride && Padding == padding && RowDilation == 1 && ColumnDilation == 1;
}
