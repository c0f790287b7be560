using System.Globalization;
using Microsoft.ML.ArcFace.Reporting.Charts;
using OxyPlot;

namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>The charts of a page, each with what it shows in words.</summary>
internal static class ReportCharts
{
    // The letters have the size of the page's own where a chart is about as wide as this.
    private const int Width = 440, Height = 310;

    public static ReportChart[] Of(ReportedEvaluation evaluation)
    {
        VerificationMetrics metrics = evaluation.Metrics;
        string errors = Text($"At the threshold FMR is {evaluation.FalseMatch.Rate:P2} and FNMR {evaluation.FalseNonMatch.Rate:P2}; the equal error rate is {metrics.EqualErrorRate:P2}.");
        return
        [
            Draw("histogram", "Genuine and impostor pairs", Text($"Pairs of the same person should lie right of the threshold at {evaluation.Cosine:0.000}, pairs of different people left of it. {errors}"),
                ErrorCharts.Histogram(CosineHistogram.Of(evaluation.Compared.Cosines, evaluation.Compared.IsSame), evaluation.Cosine)) with { Legend = ErrorCharts.HistogramLegend() },
            Draw("roc", "ROC curve", Text($"The area under the curve is {metrics.AreaUnderRocCurve:0.0000}. The axis of the false-accept rate is logarithmic."), ErrorCharts.Roc(metrics, evaluation.AtThreshold)),
            Draw("det", "DET curve", "The two errors against each other, on logarithmic axes; nearer to the lower left is better. " + errors, ErrorCharts.Det(metrics, evaluation.AtThreshold)),
            .. Identification(evaluation.Searches),
            .. Training(evaluation.Options.TrainingHistory),
            .. Map(evaluation),
        ];
    }

    private static ReportChart[] Identification(IdentificationMetrics? metrics) => metrics is null ? [] :
    [
        Draw("cmc", "Cumulative match characteristic", Text($"{metrics.IdentificationRate():P1} of the probes whose person is in the gallery have that person first."), ErrorCharts.MatchCharacteristic(metrics)),
        .. metrics.ErrorCurve().Any()
            ? [Draw("fnir", "FNIR over FPIR", "Enrolled people who are not found against strangers for whom somebody is, on logarithmic axes; nearer to the lower left is better.", ErrorCharts.Identification(metrics))]
            : Array.Empty<ReportChart>(),
    ];

    /// <summary>Says that the loss rises with the margin, without which its curve misleads.</summary>
    private static string Margin(IReadOnlyList<TrainingProgress> reports) =>
        reports.LastOrDefault(report => report.MarginFraction < 1) is { } growing ? Text($" The margin grows until about step {growing.Step:N0}, and the loss with it.") : "";

    private static ReportChart[] Training(TrainingHistory? history)
    {
        if (history?.Reports is not { Count: > 0 } reports)
        {
            return [];
        }

        TrainingProgress last = reports[^1];
        TrainingProgress? validated = reports.LastOrDefault(report => report.ValidationAreaUnderRocCurve is not null);
        return
        [
            Draw("loss", "Training loss", Text($"The mean loss between reports, {last.Loss:0.###} at the end of {last.Epoch} of {last.Epochs} epochs ({last.Step:N0} steps).{Margin(reports)}"), TrainingCharts.Loss(reports)),
            Draw("learning-rate", "Learning rate", Text($"From {reports[0].LearningRate:0.######} at the first report to {last.LearningRate:0.######} at the last."), TrainingCharts.LearningRate(reports)),
            .. validated is null ? [] : new[]
            {
                Draw("validation", "Validation", Text($"The area under the ROC curve of the validation pairs after each epoch, {validated.ValidationAreaUnderRocCurve:0.0000} at the last."), TrainingCharts.Validation(reports)),
            },
        ];
    }

    private static ReportChart[] Map(ReportedEvaluation evaluation)
    {
        int most = evaluation.Options.MapPointCount, pictures = evaluation.Compared.Embeddings.Count;
        if (EmbeddingMap.Of(evaluation.Compared.Embeddings, most) is not { } map)
        {
            return [];
        }

        string shown = pictures > most ? Text($"A random {map.Points.Length:N0} of the {pictures:N0} pictures") : Text($"The {pictures:N0} pictures");
        return
        [
            Draw("map", "Map of the embeddings", Text($"{shown} by their first two principal components, which show {map.ExplainedVariance:P1} of the variance: what lies together here need not lie together in all dimensions. People with the most pictures have colours."),
                MapChart.Create(map, evaluation.PersonOf)) with { Legend = MapChart.Legend(map, evaluation.PersonOf) },
        ];
    }

    private static ReportChart Draw(string id, string title, string description, PlotModel chart) =>
        new(id, title, description, SvgChart.Draw(chart, id, title, description, Width, Height), []);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
