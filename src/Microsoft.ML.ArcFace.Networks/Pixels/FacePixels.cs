using Microsoft.ML.ArcFace.Pixels;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Says which numbers a network reads for the pixels of a face: (value - mean) / deviation of bytes from 0 to 255, for each
/// channel, in RGB or BGR. The wrong ones cost accuracy without an error. <c>FacePixels.ImageNet with { ColorOrder =
/// FaceColorOrder.Bgr }</c> is the same scaling in the other order.
/// </summary>
public sealed record FacePixels
{
    /// <summary>The largest mean and deviation that are taken, against mistaken numbers.</summary>
    private const double Largest = 1e6;

    private const double SmallestDeviation = 1e-6;

    /// <summary>RGB, (value - 127.5) / 127.5, from -1 to 1: what this library, InsightFace and most published recognizers read.</summary>
    public static FacePixels Standard { get; } = new() { Mean = ColorChannels.Same(127.5), Deviation = ColorChannels.Same(127.5) };

    /// <summary>RGB, (value - 127.5) / 128, from -0.996 to 0.996, as MXNet's and FaceNet's programs often scale.</summary>
    public static FacePixels StandardBy128 { get; } = new() { Mean = ColorChannels.Same(127.5), Deviation = ColorChannels.Same(128) };

    /// <summary>RGB, 0 to 255 as they are: usual where the network scales pixels itself.</summary>
    public static FacePixels Unscaled { get; } = new() { Mean = ColorChannels.Same(0), Deviation = ColorChannels.Same(1) };

    /// <summary>RGB, value / 255, from 0 to 1.</summary>
    public static FacePixels ZeroToOne { get; } = new() { Mean = ColorChannels.Same(0), Deviation = ColorChannels.Same(255) };

    /// <summary>RGB, value / 255 less the mean (0.485, 0.456, 0.406) and divided by the deviation (0.229, 0.224, 0.225) of ImageNet, as torchvision's networks read.</summary>
    public static FacePixels ImageNet { get; } = new() { Mean = new(123.675, 116.28, 103.53), Deviation = new(58.395, 57.12, 57.375) };

    /// <summary>The usual scalings in both color orders, the most usual first: RGB before BGR of each.</summary>
    public static IReadOnlyList<FacePixels> Usual { get; } = Array.AsReadOnly(
        (FacePixels[])[.. new[] { Standard, StandardBy128, Unscaled, ZeroToOne, ImageNet }.SelectMany(pixels => new[] { pixels, pixels with { ColorOrder = FaceColorOrder.Bgr } })]);

    /// <summary>The order of the channels. Default <see cref="FaceColorOrder.Rgb"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is no value of the enumeration.</exception>
    public FaceColorOrder ColorOrder
    {
        get;
        init => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(ColorOrder), value, $"There is no color order {(int)value}; use a value of {nameof(FaceColorOrder)}.");
    }

    /// <summary>The numbers that are subtracted from the bytes, by color, from -1,000,000 to 1,000,000.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public required ColorChannels Mean
    {
        get;
        init => field = Array.TrueForAll(value.ToArray(), number => Math.Abs(number) <= Largest)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Mean), value, "A mean must be from -1,000,000 to 1,000,000. It is in units of bytes: 127.5, not 0.5.");
    }

    /// <summary>The numbers by which the differences are divided, by color, from 0.000001 to 1,000,000.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public required ColorChannels Deviation
    {
        get;
        init => field = Array.TrueForAll(value.ToArray(), number => number is >= SmallestDeviation and <= Largest)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Deviation), value, "A deviation must be from 0.000001 to 1,000,000. It is in units of bytes: 127.5, not 0.5.");
    }

    /// <summary>
    /// Reads what command lines and <see cref="Name"/> write: standard, by-128, unscaled, zero-to-one or imagenet, behind "bgr-"
    /// in the other order; or numbers, such as "rgb:127.5:128" and "bgr:104,117,123:1" (mean and deviation of red, green, blue).
    /// </summary>
    /// <param name="text">The text, in any letter case.</param>
    /// <exception cref="FormatException">It is nothing of this; the message says what can be given.</exception>
    public static FacePixels Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return PixelsText.Parse(text);
    }

    /// <summary>Gets the text that <see cref="Parse"/> reads, such as "bgr-standard".</summary>
    public string Name => PixelsText.NameOf(this);

    /// <summary>Writes order and scaling, such as "RGB, (value - 127.5) / 127.5", in the invariant culture.</summary>
    public override string ToString()
    {
        string order = ColorOrder.ToString().ToUpperInvariant();
        return (Mean == ColorChannels.Same(0), Deviation == ColorChannels.Same(1)) switch
        {
            (true, true) => $"{order}, 0 to 255",
            (true, false) => $"{order}, value / {Deviation}",
            (false, true) => $"{order}, value - {Mean}",
            _ => $"{order}, (value - {Mean}) / {Deviation}",
        };
    }
}
