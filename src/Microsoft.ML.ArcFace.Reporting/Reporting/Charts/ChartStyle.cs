using System.Globalization;
using OxyPlot;
using OxyPlot.Axes;

namespace Microsoft.ML.ArcFace.Reporting.Charts;

/// <summary>What all charts look like. Ink, muted ink and grid stand for colours of the page, which differ in light and dark.</summary>
internal static class ChartStyle
{
    /// <summary>What letters are measured by. The page has a font of its own, which differs between systems: a wide one leaves room for all.</summary>
    private const string MeasuredFont = "Courier New";

    // Colours that nothing else has, so that they can be told in the SVG.
    public static readonly OxyColor Ink = OxyColor.FromRgb(0x10, 0x10, 0x11), Muted = OxyColor.FromRgb(0x80, 0x80, 0x81), Grid = OxyColor.FromRgb(0xDD, 0xDD, 0xDE);

    /// <summary>Pairs of the same person.</summary>
    public static readonly OxyColor Genuine = OxyColor.FromRgb(0x2B, 0x7F, 0xD4);

    /// <summary>Pairs of different people.</summary>
    public static readonly OxyColor Impostor = OxyColor.FromRgb(0xD9, 0x6A, 0x1D);

    /// <summary>Colours that are told apart by most who see colours in another way (Okabe and Ito, 2008), on light and on dark.</summary>
    public static readonly OxyColor[] People =
    [
        OxyColor.FromRgb(0x00, 0x72, 0xB2), OxyColor.FromRgb(0xD5, 0x5E, 0x00), OxyColor.FromRgb(0x00, 0x9E, 0x73),
        OxyColor.FromRgb(0xCC, 0x79, 0xA7), OxyColor.FromRgb(0xE6, 0x9F, 0x00), OxyColor.FromRgb(0x56, 0xB4, 0xE9),
    ];

    public static PlotModel Chart(Axis horizontal, Axis vertical) => new()
    {
        Axes = { horizontal, vertical },
        Culture = CultureInfo.InvariantCulture,
        Background = OxyColors.Transparent,
        DefaultFont = MeasuredFont,
        DefaultFontSize = 12,
        TextColor = Ink,
        PlotAreaBorderColor = Grid,
        PlotAreaBorderThickness = new OxyThickness(1),
        Padding = new OxyThickness(4, 10, 16, 4),
    };

    public static LinearAxis Linear(AxisPosition position, string title, string format = "0.##") => Style(new LinearAxis(), position, title, format);

    public static LogarithmicAxis Logarithmic(AxisPosition position, string title) =>
        Style(new LogarithmicAxis { UseSuperExponentialFormat = false, MinorGridlineStyle = LineStyle.None }, position, title, "0.######%");

    private static T Style<T>(T axis, AxisPosition position, string title, string format) where T : Axis
    {
        (axis.Position, axis.Title, axis.StringFormat) = (position, title, format);
        (axis.MajorGridlineStyle, axis.MajorGridlineColor, axis.TicklineColor, axis.TitleColor) = (LineStyle.Solid, Grid, Muted, Ink);
        (axis.AxislineStyle, axis.MinorTickSize, axis.AxisTitleDistance) = (LineStyle.None, 0, position == AxisPosition.Left ? 18 : 8);
        return axis;
    }
}
