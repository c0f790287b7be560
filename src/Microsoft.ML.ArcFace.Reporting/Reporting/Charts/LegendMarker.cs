using System.Globalization;
using OxyPlot;

namespace Microsoft.ML.ArcFace.Reporting.Charts;

/// <summary>Draws the markers of a legend that stands beside its chart, in a square of 10 × 10.</summary>
internal static class LegendMarker
{
    public const string Circle = "M5 0a5 5 0 1 1 0 10a5 5 0 1 1 0-10z";
    public const string Square = "M.5.5h9v9h-9z";
    public const string Triangle = "M5 0l5 9h-10z";
    public const string Diamond = "M5 0l5 5-5 5-5-5z";

    public static LegendEntry Entry(string name, OxyColor color, string path) => new(name, string.Create(CultureInfo.InvariantCulture,
        $"<svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><path fill=\"rgb({color.R},{color.G},{color.B})\" d=\"{path}\"/></svg>"));
}
