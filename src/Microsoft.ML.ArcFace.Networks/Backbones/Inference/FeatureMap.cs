using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// The shape of a feature map [images, height, width, channels] of float32 or bfloat16 in channels-last order. What a
/// padded convolution reads has a border all around, so that the kernel never asks where it is.
/// </summary>
/// <param name="height">Rows.</param>
/// <param name="width">Columns.</param>
/// <param name="channels">Channels as they lie in memory.</param>
/// <param name="isBFloat16">Whether the values are bfloat16.</param>
/// <param name="usedChannels">Channels that mean something; the others, which fill up registers, hold zeros.</param>
internal sealed class FeatureMap(int height, int width, int channels, bool isBFloat16, int usedChannels)
{
    /// <summary>What the channels in memory are a multiple of, but for those of pixels: the widest registers are full.</summary>
    private const int ChannelMultiple = 16;

    /// <summary>
    /// Values of an image, at 1 GiB: the most of a detector that is shown 4096×4096 pixels. A face has 0.8 million of them in the
    /// widest map of IResNet.
    /// </summary>
    private const long MostValues = 1 << 28;

    public int Height => height;

    public int Width => width;

    public int Channels => channels;

    /// <summary>Channels that mean something; the others hold zeros.</summary>
    public int UsedChannels => usedChannels;

    /// <summary>Whether the values are bfloat16; else float32.</summary>
    public bool IsBFloat16 { get; private set; } = isBFloat16;

    /// <summary>Pixels of border on each side; the widest that a convolution that reads the map asks for.</summary>
    public int Border { get; private set; }

    /// <summary>What the pixels of the border hold, [channels]; null for zeros.</summary>
    public float[]? BorderValues { get; private set; }

    /// <summary>Which of the buffers of a workspace holds the map.</summary>
    public int Buffer { get; set; } = -1;

    /// <summary>Values from the begin of one row to that of the next.</summary>
    public int RowStride => (width + (2 * Border)) * channels;

    /// <summary>Values of one image with its border.</summary>
    public int ImageStride => (height + (2 * Border)) * RowStride;

    /// <summary>Bytes of one image with its border.</summary>
    public int ImageBytes => ImageStride * (IsBFloat16 ? sizeof(ushort) : sizeof(float));

    /// <summary>Where a pixel begins; −1 and the size itself name the border.</summary>
    public nint Offset(int image, int row, int column) => ((nint)image * ImageStride) + ((nint)(row + Border) * RowStride) + ((nint)(column + Border) * channels);

    /// <summary>Channels rounded up to those that fill registers.</summary>
    public static long ChannelsInMemory(long usedChannels) => (usedChannels + ChannelMultiple - 1) / ChannelMultiple * ChannelMultiple;

    /// <summary>A map of float32 whose channels fill up registers.</summary>
    /// <exception cref="WeightsFormatException">It takes too much memory.</exception>
    public static FeatureMap Of(long height, long width, long usedChannels)
    {
        long channels = ChannelsInMemory(usedChannels);
        CheckSize(height, width, channels, border: 0);
        return new FeatureMap((int)height, (int)width, (int)channels, isBFloat16: false, (int)usedChannels);
    }

    /// <summary>Asks for a border; false if the map has another one already, which others read.</summary>
    /// <exception cref="WeightsFormatException">It takes too much memory.</exception>
    public bool TrySurround(int border, float[]? values)
    {
        if (border == 0 || (Border > 0 && Border >= border && BorderValues == values))
        {
            return true;
        }

        if (Border > 0 && (values is not null || BorderValues is not null))
        {
            return false;
        }

        CheckSize(height, width, channels, border);
        (Border, BorderValues) = (border, values);
        return true;
    }

    private static void CheckSize(long height, long width, long channels, long border)
    {
        if ((double)(height + (2 * border)) * (width + (2 * border)) * channels > MostValues)
        {
            throw new WeightsFormatException($"A map of {height}×{width} pixels of {channels} channels with a border of {border} takes more than {(MostValues * sizeof(float)) >> 20} MiB for an image; that is the most that is computed here.");
        }
    }

    /// <summary>Asks for float32, where that is read faster.</summary>
    public void KeepSingle() => IsBFloat16 = false;

    /// <summary>Fills the border of some images.</summary>
    public unsafe void FillBorder(nint address, int images)
    {
        if (Border == 0)
        {
            return;
        }

        if (IsBFloat16)
        {
            FillBorder((ushort*)address, images, BorderValues is null ? null : Array.ConvertAll(BorderValues, ElementConversion.ToBFloat16));
        }
        else
        {
            FillBorder((float*)address, images, BorderValues);
        }
    }

    private unsafe void FillBorder<T>(T* data, int images, T[]? values)
        where T : unmanaged
    {
        for (int image = 0; image < images; image++)
        {
            for (int row = -Border; row < height + Border; row++)
            {
                bool isOutside = row < 0 || row >= height;
                Fill(data + Offset(image, row, -Border), isOutside ? width + (2 * Border) : Border, values);
                if (!isOutside)
                {
                    Fill(data + Offset(image, row, width), Border, values);
                }
            }
        }
    }

    private unsafe void Fill<T>(T* pixel, int pixels, T[]? values)
        where T : unmanaged
    {
        if (values is null)
        {
            new Span<T>(pixel, pixels * channels).Clear();
            return;
        }

        for (int number = 0; number < pixels; number++)
        {
            values.CopyTo(new Span<T>(pixel + (number * channels), channels));
        }
    }
}
