using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Microsoft.ML.ArcFace.Reporting.Charts;

/// <summary>How training went, over its epochs.</summary>
internal static class TrainingCharts
{
    public static PlotModel Loss(IReadOnlyList<TrainingProgress> reports) => Curve("Loss", "0.##", ChartStyle.Genuine, reports, report => report.Loss);

    public static PlotModel LearningRate(IReadOnlyList<TrainingProgress> reports) => Curve("Learning rate", "0.####", ChartStyle.Genuine, reports, report => report.LearningRate);

    public static PlotModel Validation(IReadOnlyList<TrainingProgress> reports) =>
        Curve("Area under the ROC curve, validation", "0.###", ChartStyle.Impostor, [.. reports.Where(report => report.ValidationAreaUnderRocCurve is not null)], report => report.ValidationAreaUnderRocCurve!.Value);

    private static PlotModel Curve(string title, string format, OxyColor colour, IReadOnlyList<TrainingProgress> reports, Func<TrainingProgress, double> value)
    {
        const int markedReports = 40;
        LinearAxis epochs = ChartStyle.Linear(AxisPosition.Bottom, "Epoch");
        epochs.Minimum = 0;
        PlotModel chart = ChartStyle.Chart(epochs, ChartStyle.Linear(AxisPosition.Left, title, format));
        var line = new LineSeries { Color = colour, StrokeThickness = 2, MarkerFill = colour, MarkerSize = 2.5, MarkerType = reports.Count <= markedReports ? MarkerType.Circle : MarkerType.None };

        // Infinite losses have no place.
        line.Points.AddRange(reports.Select(report => new DataPoint((double)report.Step * report.Epochs / report.Steps, value(report))).Where(point => double.IsFinite(point.Y)));
        chart.Series.Add(line);
        return chart;
    }
}
