using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference.General;

/// <summary>Where the elements of values lie in maps: [batch, d] is a pixel, [batch, C, L] a column of them.</summary>
internal static class MapLayout
{
    /// <summary>Makes a map for a value of sizes [batch, d], [batch, C, L] or [batch, C, H, W]; null for others.</summary>
    public static FeatureMap? MapOf(long[] shape) => shape switch
    {
        [_, var numbers] => FeatureMap.Of(1, 1, numbers),
        [_, var channels, var rows] => FeatureMap.Of(rows, 1, channels),
        [_, var channels, var rows, var columns] => FeatureMap.Of(rows, columns, channels),
        _ => null,
    };

    /// <summary>For each element of a value, counted row by row, its place in the map of an image.</summary>
    public static int[] Places(FeatureMap map)
    {
        int[] places = new int[map.UsedChannels * map.Height * map.Width];
        for (int channel = 0, element = 0; channel < map.UsedChannels; channel++)
        {
            for (int row = 0; row < map.Height; row++)
            {
                for (int column = 0; column < map.Width; column++, element++)
                {
                    places[element] = (int)map.Offset(0, row, column) + channel;
                }
            }
        }

        return places;
    }

    /// <summary>The numbers of a tensor that is broadcast to the images' values, as a map would hold them: [rows, columns, channels], each all or 1.</summary>
    /// <param name="values">The tensor's numbers.</param>
    /// <param name="shape">Its sizes, without those of the batch.</param>
    /// <param name="rank">Sizes of the value, the batch's included.</param>
    public static MapConstant ConstantOf(float[] values, long[] shape, int rank)
    {
        long[] full = [.. Enumerable.Repeat(1L, Math.Max(0, rank - 1 - shape.Length)), .. shape];
        (int channels, int rows, int columns) = full switch
        {
            [var c] => ((int)c, 1, 1),
            [var c, var h] => ((int)c, (int)h, 1),
            [var c, var h, var w] => ((int)c, (int)h, (int)w),
            _ => throw new WeightsFormatException($"A tensor [{string.Join(", ", shape)}] is not combined with a value of {rank} sizes."),
        };
        float[] ordered = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            (int channel, int pixel) = Math.DivRem(i, rows * columns);
            ordered[(pixel * channels) + channel] = values[i];
        }

        return new MapConstant(ordered, rows, columns, channels);
    }
}

/// <summary>Numbers beside maps: [rows, columns, channels].</summary>
internal sealed record MapConstant(float[] Values, int Rows, int Columns, int Channels);
