using System.Globalization;

namespace Microsoft.ML.ArcFace;

/// <summary>Holds a number for each color channel.</summary>
/// <param name="Red">The number of red.</param>
/// <param name="Green">The number of green.</param>
/// <param name="Blue">The number of blue.</param>
public readonly record struct ColorChannels(double Red, double Green, double Blue)
{
    /// <summary>Gives all channels one number.</summary>
    /// <param name="value">The number.</param>
    public static ColorChannels Same(double value) => new(value, value, value);

    /// <summary>Writes one number where all are the same, else those of red, green and blue.</summary>
    public override string ToString() => Red == Green && Green == Blue
        ? Red.ToString("0.######", CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"({Red:0.######}, {Green:0.######}, {Blue:0.######})");

    internal double[] ToArray() => [Red, Green, Blue];

    internal static ColorChannels Of(double[] values) => new(values[0], values[1], values[2]);
}
