using Microsoft.ML.ArcFace.Samples.Charts;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Microsoft.ML.ArcFace.Benchmarks.Scaling;

/// <summary>The curves as pictures: measured in full lines, the floor of each dashed in its colour.</summary>
internal static class ScalingCharts
{
    private const int PanelWidth = 460, PanelHeight = 440;

    private static readonly OxyColor[] Colours = [OxyColor.FromRgb(0, 114, 178), OxyColor.FromRgb(213, 94, 0), OxyColor.FromRgb(0, 158, 115)];

    /// <summary>Writes scaling-people and scaling-machine, each as SVG and PNG.</summary>
    public static void Save(string folder, IReadOnlyList<ScalingCurve> curves)
    {
        ScalingCurve[] people = [.. Of("people")], images = [.. Of("photographs listed")], batches = [.. Of("faces in a pass"), .. Of("faces in a step")], threads = [.. Of("threads")];
        ChartFile.Save(folder, "scaling-people", PanelWidth, PanelHeight,
            Chart("A step of the head", "people", "milliseconds", people, place => place.Measured.Milliseconds, place => place.FloorMilliseconds),
            Chart("Memory of the head", "people", "MB, largest resident set", people, place => place.Measured.PeakMegabytes, place => place.FloorMegabytes),
            Chart("Memory of the list", "photographs listed", "MB", images, place => place.Measured.PeakMegabytes, place => place.FloorMegabytes));
        ChartFile.Save(folder, "scaling-machine", PanelWidth, PanelHeight,
            Chart("A face, by batch", "faces in a pass", "milliseconds", batches, place => place.Measured.Milliseconds, place => place.FloorMilliseconds),
            Chart("Memory, by batch", "faces in a pass", "MB, largest resident set", batches, place => place.Measured.PeakMegabytes, place => place.FloorMegabytes),
            Chart("By threads, to one thread", "threads", "speed", threads, Speed, place => place.Size));

        IEnumerable<ScalingCurve> Of(string size) => curves.Where(curve => curve.SizeName == size);

        double Speed(ScalingPlace place) => threads.Single(curve => curve.Places.Contains(place)).Places[0].Measured.Milliseconds / place.Measured.Milliseconds;
    }

    private static PlotModel Chart(string title, string xTitle, string yTitle, IReadOnlyList<ScalingCurve> curves, Func<ScalingPlace, double> measured, Func<ScalingPlace, double> floor)
    {
        var chart = new PlotModel { Title = title, TitleFontSize = 16, DefaultFontSize = 13, Padding = new OxyThickness(12), IsLegendVisible = true };
        chart.Axes.Add(Axis(AxisPosition.Bottom, xTitle));
        chart.Axes.Add(Axis(AxisPosition.Left, yTitle));
        chart.Legends.Add(new Legend { LegendPosition = LegendPosition.BottomCenter, LegendPlacement = LegendPlacement.Outside, LegendOrientation = LegendOrientation.Vertical });
        foreach ((ScalingCurve curve, int index) in curves.Select((curve, index) => (curve, index)))
        {
            chart.Series.Add(Line(curve, measured, Colours[index], LineStyle.Solid, curve.Name));
            if (curve.Places.All(place => floor(place) > 0))
            {
                chart.Series.Add(Line(curve, floor, Colours[index], LineStyle.Dash, title: null));
            }
        }

        return chart;
    }

    private static LineSeries Line(ScalingCurve curve, Func<ScalingPlace, double> value, OxyColor colour, LineStyle style, string? title)
    {
        var line = new LineSeries { Title = title, Color = colour, StrokeThickness = 2, LineStyle = style, MarkerType = style == LineStyle.Solid ? MarkerType.Circle : MarkerType.None, MarkerFill = colour };
        line.Points.AddRange(curve.Places.Select(place => new DataPoint(place.Size, value(place))));
        return line;
    }

    private static LogarithmicAxis Axis(AxisPosition position, string title) => new()
    {
        Position = position, Title = title, MajorGridlineStyle = LineStyle.Solid, MajorGridlineColor = OxyColor.FromRgb(235, 235, 235), MinimumPadding = 0.05, MaximumPadding = 0.1,
    };
}
