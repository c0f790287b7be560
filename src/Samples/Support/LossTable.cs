using System.Globalization;
using Spectre.Console;

namespace Microsoft.ML.ArcFace.Samples.Support;

/// <summary>What one loss reached. Rates are 0 to 1; a rate is null where there are too few pairs to tell it.</summary>
internal sealed record LossResult
{
    public required string Name { get; init; }

    public required string Loss { get; init; }

    /// <summary>Data, network, epochs and seed: results of other settings are not mixed.</summary>
    public required string Settings { get; init; }

    public required double Accuracy { get; init; }

    public required double AccuracyStd { get; init; }

    public required double Auc { get; init; }

    public required double Eer { get; init; }

    public required Dictionary<string, double?> TarAtFar { get; init; }

    /// <summary>W-EC over the people trained on; null without class centres.</summary>
    public double? CenterToMeanDegrees { get; init; }

    /// <summary>W-Inter over the people trained on.</summary>
    public double? BetweenCentersDegrees { get; init; }

    public required double IntraDegrees { get; init; }

    public required double InterDegrees { get; init; }

    /// <summary>The same over the people of the test.</summary>
    public required double UnseenIntraDegrees { get; init; }

    public required double UnseenInterDegrees { get; init; }

    public double? MillisecondsPerStep { get; init; }

    public double? ProcessorMillisecondsPerStep { get; init; }

    public required double TrainSeconds { get; init; }
}

/// <summary>The table of all losses, in Markdown, so that it can be put into a document as it is.</summary>
internal static class LossTable
{
    public static void Print(IReadOnlyList<LossResult> results, IReadOnlyList<double> falseAcceptRates)
    {
        string[] rates = [.. falseAcceptRates.Select(rate => rate.ToString(CultureInfo.InvariantCulture))];
        var table = new Table().MarkdownBorder();
        foreach (string header in (string[])["loss", "accuracy %", "AUC", .. rates.Select(rate => $"TAR % at FAR {rate}"), "W-EC", "W-Inter", "Intra", "Inter", "unseen Intra", "unseen Inter", "ms/step", "processor ms/step"])
        {
            table.AddColumn(new TableColumn(header).NoWrap());
        }

        foreach (LossResult result in results)
        {
            table.AddRow(
            [
                Markup.Escape(result.Name), $"{Text(100 * result.Accuracy, "0.00")} ± {Text(100 * result.AccuracyStd, "0.00")}", Text(result.Auc, "0.0000"),
                .. rates.Select(rate => Text(100 * result.TarAtFar.GetValueOrDefault(rate), "0.0")),
                Text(result.CenterToMeanDegrees, "0.0"), Text(result.BetweenCentersDegrees, "0.0"), Text(result.IntraDegrees, "0.0"), Text(result.InterDegrees, "0.0"),
                Text(result.UnseenIntraDegrees, "0.0"), Text(result.UnseenInterDegrees, "0.0"), Text(result.MillisecondsPerStep, "0"), Text(result.ProcessorMillisecondsPerStep, "0"),
            ]);
        }

        // Wide enough for the table, however narrow the terminal is.
        AnsiConsole.Console.Profile.Width = Math.Max(AnsiConsole.Console.Profile.Width, 240);
        AnsiConsole.Write(table);
    }

    private static string Text(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
