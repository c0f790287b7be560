using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Microsoft.ML.ArcFace.Reporting.Charts;

/// <summary>ROC, DET and the cosines of the two kinds of pairs.</summary>
internal static class ErrorCharts
{
    private const double LineThickness = 2;
    private const byte FillOpacity = 130;

    /// <summary>True-accept rate over the logarithm of the false-accept rate, as far down as the impostor pairs show one.</summary>
    public static PlotModel Roc(VerificationMetrics metrics, DetPoint atThreshold)
    {
        LogarithmicAxis horizontal = ChartStyle.Logarithmic(AxisPosition.Bottom, "False-accept rate");
        LinearAxis vertical = ChartStyle.Linear(AxisPosition.Left, "True-accept rate", "0%");
        (horizontal.Minimum, horizontal.Maximum, vertical.Minimum, vertical.Maximum) = (LowestRate(metrics.ImpostorPairCount), 1, 0, 1.02);
        PlotModel chart = ChartStyle.Chart(horizontal, vertical);
        Add(chart, metrics.RocCurve.Where(point => point.FalseAcceptRate > 0).Select(point => new DataPoint(point.FalseAcceptRate, point.TrueAcceptRate)));
        Mark(chart, atThreshold.FalseMatchRate, 1 - atThreshold.FalseNonMatchRate);
        return chart;
    }

    /// <summary>Both errors on logarithmic axes; what is 0 has no place on them.</summary>
    public static PlotModel Det(VerificationMetrics metrics, DetPoint atThreshold)
    {
        LogarithmicAxis horizontal = ChartStyle.Logarithmic(AxisPosition.Bottom, "False match rate (FMR)"), vertical = ChartStyle.Logarithmic(AxisPosition.Left, "False non-match rate (FNMR)");
        (horizontal.Minimum, horizontal.Maximum) = (LowestRate(metrics.ImpostorPairCount), 1);
        (vertical.Minimum, vertical.Maximum) = (LowestRate(metrics.GenuinePairCount), 1);
        PlotModel chart = ChartStyle.Chart(horizontal, vertical);
        Add(chart, metrics.DetCurve.Where(point => point.FalseMatchRate > 0 && point.FalseNonMatchRate > 0).Select(point => new DataPoint(point.FalseMatchRate, point.FalseNonMatchRate)));
        Mark(chart, atThreshold.FalseMatchRate, atThreshold.FalseNonMatchRate);
        return chart;
    }

    /// <summary>The share of each kind of pairs by cosine, with the threshold.</summary>
    public static PlotModel Histogram(CosineHistogram histogram, double threshold)
    {
        LinearAxis horizontal = ChartStyle.Linear(AxisPosition.Bottom, "Cosine of the pair"), vertical = ChartStyle.Linear(AxisPosition.Left, "Share of the kind's pairs", "0.#%");
        double end = histogram.StartOf(histogram.Genuine.Length), margin = CosineHistogram.BinWidth;
        (horizontal.Minimum, horizontal.Maximum) = (Math.Min(histogram.Start, threshold) - margin, Math.Max(end, threshold) + margin);
        (vertical.Minimum, vertical.MaximumPadding) = (0, 0.12);
        PlotModel chart = ChartStyle.Chart(horizontal, vertical);
        AddBars(chart, "different people", ChartStyle.Impostor, histogram, histogram.Impostor);
        AddBars(chart, "same person", ChartStyle.Genuine, histogram, histogram.Genuine);
        chart.Annotations.Add(new LineAnnotation
        {
            Type = LineAnnotationType.Vertical,
            X = threshold,
            Color = ChartStyle.Ink,
            TextColor = ChartStyle.Ink,
            LineStyle = LineStyle.Dash,
            StrokeThickness = 1.5,
            Text = FormattableString.Invariant($"threshold {threshold:0.000}"),
            TextOrientation = AnnotationTextOrientation.Vertical,
        });
        return chart;
    }

    /// <summary>Names the two kinds of pairs of the histogram, beside it: within it they would lie over the bars.</summary>
    public static LegendEntry[] HistogramLegend() => [LegendMarker.Entry("same person", ChartStyle.Genuine, LegendMarker.Square), LegendMarker.Entry("different people", ChartStyle.Impostor, LegendMarker.Square)];

    /// <summary>Draws FNIR over FPIR, both on logarithmic axes; what is 0 has no place on them.</summary>
    public static PlotModel Identification(IdentificationMetrics identification)
    {
        LogarithmicAxis horizontal = ChartStyle.Logarithmic(AxisPosition.Bottom, "False-positive identification rate (FPIR)");
        LogarithmicAxis vertical = ChartStyle.Logarithmic(AxisPosition.Left, "False-negative identification rate (FNIR)");
        (horizontal.Minimum, horizontal.Maximum) = (LowestRate(identification.NonMatedProbeCount), 1);
        (vertical.Minimum, vertical.Maximum) = (LowestRate(identification.MatedProbeCount), 1);
        PlotModel chart = ChartStyle.Chart(horizontal, vertical);
        Add(chart, identification.ErrorCurve().Where(point => point.FalseNegativeRate > 0).Select(point => new DataPoint(point.FalsePositiveRate, point.FalseNegativeRate)));
        return chart;
    }

    /// <summary>CMC: the share of mated probes whose person is among the k nearest.</summary>
    public static PlotModel MatchCharacteristic(IdentificationMetrics identification)
    {
        const int mostRanks = 20;
        LinearAxis horizontal = ChartStyle.Linear(AxisPosition.Bottom, "Rank k", "0"), vertical = ChartStyle.Linear(AxisPosition.Left, "Found among the k nearest", "0.#%");
        (horizontal.MinimumMajorStep, horizontal.Minimum) = (1, 1);
        (vertical.Minimum, vertical.Maximum) = (Math.Max(0, identification.IdentificationRate() - 0.05), 1.005);
        PlotModel chart = ChartStyle.Chart(horizontal, vertical);
        Add(chart, identification.CumulativeMatchCharacteristic.Take(mostRanks).Select((rate, rank) => new DataPoint(rank + 1, rate)), MarkerType.Circle);
        return chart;
    }

    /// <summary>One pair's worth, down to the power of ten below.</summary>
    private static double LowestRate(int pairs) => Math.Pow(10, Math.Floor(-Math.Log10(pairs)));

    private static void Add(PlotModel chart, IEnumerable<DataPoint> points, MarkerType marker = MarkerType.None)
    {
        var line = new LineSeries { Color = ChartStyle.Genuine, StrokeThickness = LineThickness, MarkerType = marker, MarkerFill = ChartStyle.Genuine, MarkerSize = 3 };
        line.Points.AddRange(points);
        chart.Series.Add(line);
    }

    private static void Mark(PlotModel chart, double x, double y)
    {
        if (chart.Axes[0].Minimum <= x && chart.Axes[1].Minimum <= y)
        {
            chart.Annotations.Add(new PointAnnotation { X = x, Y = y, Shape = MarkerType.Diamond, Size = 6, Fill = ChartStyle.Impostor, Text = "threshold", TextColor = ChartStyle.Ink });
        }
    }

    private static void AddBars(PlotModel chart, string title, OxyColor colour, CosineHistogram histogram, double[] shares)
    {
        var bars = new RectangleBarSeries { Title = title, FillColor = OxyColor.FromAColor(FillOpacity, colour), StrokeColor = colour, StrokeThickness = 0.5 };
        foreach ((int bin, double share) in shares.Index().Where(entry => entry.Item > 0))
        {
            bars.Items.Add(new RectangleBarItem(histogram.StartOf(bin), 0, histogram.StartOf(bin + 1), share));
        }

        chart.Series.Add(bars);
    }
}
