using System.Globalization;
using Spectre.Console;

namespace Microsoft.ML.ArcFace.Samples.Support;

/// <summary>The table of an experiment's runs, the best first.</summary>
internal static class TrialTable
{
    public static void Print(FaceExperimentResult result)
    {
        FaceTrialResult[] runs = [.. result.RunDetails.OrderByDescending(run => run.Score).ThenByDescending(run => run.Trial.Epochs)];
        var table = new Table().Border(TableBorder.Rounded).AddColumn("trial").AddColumn(Right("epochs"));
        foreach (string parameter in runs[0].Trial.Parameters.Keys)
        {
            table.AddColumn(Right(parameter));
        }

        table.AddColumn(Right("AUC")).AddColumn(Right($"TAR at FAR {runs[0].Metrics.FalseAcceptRate:P0}")).AddColumn(Right("s"));
        foreach (FaceTrialResult run in runs)
        {
            table.AddRow(
            [
                Text($"{run.Trial.Number}"), Text($"{run.Trial.Epochs}"),
                .. run.Trial.Parameters.Values.Select(value => value is double number ? Text($"{number:G3}") : Text($"{value}")),
                Text($"{run.Metrics.AreaUnderRocCurve:F4}"), run.Metrics.TrueAcceptRate is { } rate ? Text($"{rate:P1}") : "no answer", Text($"{run.Duration.TotalSeconds:F0}"),
            ]);
        }

        AnsiConsole.Write(table);
    }

    private static TableColumn Right(string header) => new TableColumn(header).RightAligned();

    private static string Text(FormattableString text) => Markup.Escape(text.ToString(CultureInfo.InvariantCulture));
}
