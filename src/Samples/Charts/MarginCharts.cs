using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Microsoft.ML.ArcFace.Samples.Charts;

/// <summary>The figures of the ArcFace paper that show what a margin does.</summary>
internal static class MarginCharts
{
    // Eight colours that can be told apart also by people who see red and green alike (Okabe and Ito), and black.
    private static readonly OxyColor[] Colours =
    [
        OxyColor.FromRgb(0, 114, 178), OxyColor.FromRgb(230, 159, 0), OxyColor.FromRgb(0, 158, 115), OxyColor.FromRgb(213, 94, 0),
        OxyColor.FromRgb(86, 180, 233), OxyColor.FromRgb(204, 121, 167), OxyColor.FromRgb(120, 120, 120), OxyColor.FromRgb(20, 20, 20),
    ];

    /// <summary>Figure 3: two-dimensional embeddings on the circle, one colour a person, a line to each person's mean.</summary>
    public static PlotModel Circle(string title, IReadOnlyList<PersonOnCircle> people)
    {
        PlotModel chart = Chart(title, "first number of the embedding", "second number", -1.35, 1.35, -1.35, 1.35);
        chart.PlotType = PlotType.Cartesian;
        chart.Annotations.Add(new EllipseAnnotation { X = 0, Y = 0, Width = 2, Height = 2, Fill = OxyColors.Transparent, Stroke = OxyColors.LightGray, StrokeThickness = 1 });
        for (int i = 0; i < people.Count; i++)
        {
            OxyColor colour = Colours[i % Colours.Length];
            double mean = people[i].MeanDegrees * Math.PI / 180;
            chart.Series.Add(new LineSeries { Color = colour, StrokeThickness = 1.5, Points = { new DataPoint(0, 0), new DataPoint(Math.Cos(mean), Math.Sin(mean)) } });
            var points = new ScatterSeries { MarkerType = MarkerType.Circle, MarkerSize = 3, MarkerFill = OxyColor.FromAColor(150, colour) };
            foreach (double degrees in people[i].Degrees)
            {
                points.Points.Add(new ScatterPoint(Math.Cos(degrees * Math.PI / 180), Math.Sin(degrees * Math.PI / 180)));
            }

            chart.Series.Add(points);
            chart.Annotations.Add(new TextAnnotation
            {
                Text = $"{i + 1}", TextPosition = new DataPoint(1.17 * Math.Cos(mean), 1.17 * Math.Sin(mean)), StrokeThickness = 0, TextColor = colour,
                TextHorizontalAlignment = HorizontalAlignment.Center, TextVerticalAlignment = VerticalAlignment.Middle, FontSize = 14, FontWeight = FontWeights.Bold,
            });
        }

        return chart;
    }

    /// <summary>Figure 4a: how the angles to the own centre are distributed, as shares of each histogram.</summary>
    public static PlotModel Histograms(string title, IReadOnlyList<(string Name, AngleHistogram Angles)> histograms)
    {
        const int DegreesPerBar = 3;
        PlotModel chart = Chart(title, "angle with the own class centre, degrees", "share of photographs, % per 3°", 0, 180, 0, double.NaN);
        foreach (((string name, AngleHistogram angles), int index) in histograms.Select((histogram, index) => (histogram, index)))
        {
            OxyColor colour = Colours[index];
            var area = new AreaSeries { Title = name, Color = colour, Fill = OxyColor.FromAColor(60, colour), StrokeThickness = 2, ConstantY2 = 0 };
            foreach ((long[] counts, int bar) in angles.Counts.Chunk(DegreesPerBar).Select((counts, bar) => (counts, bar)))
            {
                area.Points.Add(new DataPoint((bar + 0.5) * DegreesPerBar, 100.0 * counts.Sum() / Math.Max(1, angles.Total)));
            }

            chart.Series.Add(area);
        }

        return chart;
    }

    /// <summary>Figure 4b: target logits.</summary>
    public static PlotModel TargetLogits(string title, IReadOnlyList<(string Name, FaceLoss Loss)> losses) =>
        Curves(Chart(title, "angle with the own class centre, degrees", "target logit / scale", 0, 180, -1.65, 1.05), losses, loss => loss.TargetLogitCurve(361));

    /// <summary>Figure 5: where a classifier of two classes is undecided in training.</summary>
    public static PlotModel Boundaries(string title, IReadOnlyList<(string Name, FaceLoss Loss)> losses) =>
        Curves(Chart(title, "angle with the own class centre, degrees", "angle with the other centre, degrees", 0, 90, 0, 120), losses, loss => loss.DecisionBoundary(721), LegendPosition.RightBottom);

    private static PlotModel Curves(PlotModel chart, IReadOnlyList<(string Name, FaceLoss Loss)> losses, Func<FaceLoss, IReadOnlyList<AnglePoint>> curve, LegendPosition legend = LegendPosition.RightTop)
    {
        chart.Legends[0].LegendPosition = legend;
        foreach (((string name, FaceLoss loss), int index) in losses.Select((loss, index) => (loss, index)))
        {
            var line = new LineSeries { Title = name, Color = Colours[index % Colours.Length], StrokeThickness = 2, LineStyle = index < 4 ? LineStyle.Solid : LineStyle.Dash };
            line.Points.AddRange(curve(loss).Select(point => new DataPoint(point.AngleDegrees, point.Value)));
            chart.Series.Add(line);
        }

        return chart;
    }

    private static PlotModel Chart(string title, string xTitle, string yTitle, double xLeast, double xMost, double yLeast, double yMost)
    {
        var chart = new PlotModel { Culture = System.Globalization.CultureInfo.InvariantCulture, Title = title, TitleFontSize = 16, DefaultFontSize = 13, Padding = new OxyThickness(12), IsLegendVisible = true };
        chart.Axes.Add(Axis(AxisPosition.Bottom, xTitle, xLeast, xMost));
        chart.Axes.Add(Axis(AxisPosition.Left, yTitle, yLeast, yMost));
        chart.Legends.Add(new Legend { LegendPosition = LegendPosition.RightTop, LegendBackground = OxyColor.FromAColor(220, OxyColors.White) });
        return chart;
    }

    private static LinearAxis Axis(AxisPosition position, string title, double least, double most) => new()
    {
        Position = position, Title = title, Minimum = least, Maximum = most, MajorGridlineStyle = LineStyle.Solid, MajorGridlineColor = OxyColor.FromRgb(235, 235, 235),
    };
}
