using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>Arithmetic on colours.</summary>
internal static class Colours
{
    /// <summary>The colour at <paramref name="position"/> (0 to 1) along evenly spaced stops.</summary>
    public static SKColor Along(ReadOnlySpan<SKColor> stops, float position)
    {
        float scaled = Math.Clamp(position, 0, 1) * (stops.Length - 1);
        int index = Math.Min((int)scaled, stops.Length - 2);
        return Mix(stops[index], stops[index + 1], scaled - index);
    }

    /// <summary>From <paramref name="first"/> at 0 to <paramref name="second"/> at 1; the alpha of the first stays.</summary>
    public static SKColor Mix(SKColor first, SKColor second, float share) => new(
        ToByte(first.Red + (share * (second.Red - first.Red))),
        ToByte(first.Green + (share * (second.Green - first.Green))),
        ToByte(first.Blue + (share * (second.Blue - first.Blue))),
        first.Alpha);

    /// <summary>Darker below 1, lighter above.</summary>
    public static SKColor Scale(SKColor colour, float factor) =>
        new(ToByte(colour.Red * factor), ToByte(colour.Green * factor), ToByte(colour.Blue * factor), colour.Alpha);

    /// <summary>Adds to each channel.</summary>
    public static SKColor Tint(SKColor colour, float red, float green, float blue) =>
        new(ToByte(colour.Red + red), ToByte(colour.Green + green), ToByte(colour.Blue + blue), colour.Alpha);

    /// <summary>With this opacity, 0 to 1.</summary>
    public static SKColor Fade(SKColor colour, float opacity) => colour.WithAlpha(ToByte(opacity * 255));

    /// <summary>Rounds and clamps to a channel's value.</summary>
    public static byte ToByte(float value) => (byte)Math.Clamp(value + 0.5f, 0, 255);
}
