using System.Globalization;

namespace Microsoft.ML.ArcFace.Pixels;

/// <summary>Writes and reads pixels in one word, for command lines.</summary>
internal static class PixelsText
{
    private const string BgrPrefix = "bgr-", RgbPrefix = "rgb-";

    private static readonly (string Name, FacePixels Pixels)[] s_named =
    [
        ("standard", FacePixels.Standard), ("by-128", FacePixels.StandardBy128), ("unscaled", FacePixels.Unscaled), ("zero-to-one", FacePixels.ZeroToOne), ("imagenet", FacePixels.ImageNet),
    ];

    /// <summary>Gets the names without an order, the most usual first.</summary>
    public static IEnumerable<string> Names => s_named.Select(named => named.Name);

    public static string NameOf(FacePixels pixels)
    {
        string name = Array.Find(s_named, named => named.Pixels.Mean == pixels.Mean && named.Pixels.Deviation == pixels.Deviation).Name;
        return (name, pixels.ColorOrder) switch
        {
            (null, var order) => $"{order.ToString().ToLowerInvariant()}:{Numbers(pixels.Mean)}:{Numbers(pixels.Deviation)}",
            (_, FaceColorOrder.Bgr) => BgrPrefix + name,
            _ => name,
        };
    }

    /// <exception cref="FormatException">The text is no pixels.</exception>
    public static FacePixels Parse(string text)
    {
        string word = text.Trim().ToLowerInvariant();
        FaceColorOrder order = word.StartsWith("bgr", StringComparison.Ordinal) ? FaceColorOrder.Bgr : FaceColorOrder.Rgb;
        string name = word.StartsWith(BgrPrefix, StringComparison.Ordinal) || word.StartsWith(RgbPrefix, StringComparison.Ordinal) ? word[BgrPrefix.Length..] : word;
        if (Array.Find(s_named, named => named.Name == name).Pixels is { } found)
        {
            return found with { ColorOrder = order };
        }

        if (word.Split(':') is ["rgb" or "bgr", var mean, var deviation] && TryChannels(mean, out ColorChannels means) && TryChannels(deviation, out ColorChannels deviations))
        {
            try
            {
                return new FacePixels { ColorOrder = order, Mean = means, Deviation = deviations };
            }
            catch (ArgumentOutOfRangeException error)
            {
                throw new FormatException($"The pixels '{text}' are out of range. {error.Message}", error);
            }
        }

        throw new FormatException(
            $"There are no pixels '{text}'; use one of {string.Join(", ", Names)}, with {BgrPrefix} before it for the other color order, " +
            "or numbers as in rgb:127.5:128 and rgb:123.675,116.28,103.53:58.395,57.12,57.375 (mean and deviation of red, green and blue, in units of bytes).");
    }

    private static bool TryChannels(string text, out ColorChannels channels)
    {
        double?[] numbers = [.. text.Split(',').Select(number => double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : (double?)null)];
        channels = numbers is [{ } one] ? ColorChannels.Same(one) : numbers is [{ } red, { } green, { } blue] ? new(red, green, blue) : default;
        return numbers is [not null] or [not null, not null, not null];
    }

    private static string Numbers(ColorChannels channels) => channels == ColorChannels.Same(channels.Red)
        ? channels.Red.ToString("R", CultureInfo.InvariantCulture)
        : string.Join(',', channels.ToArray().Select(number => number.ToString("R", CultureInfo.InvariantCulture)));
}
