using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Microsoft.ML.ArcFace.Samples.Support;

/// <summary>What training took.</summary>
internal sealed record TrainingSummary(int Epochs, double TrainSeconds, double ImagesPerSecond, int People, int Images, string Model, bool IsShort);

/// <summary>Gives programs the result.</summary>
internal sealed record QuickStartSummary(
    string Verdict, double Accuracy, double AccuracyStd, double Auc, double Eer, Dictionary<string, double?> TarAtFar, int Epochs, double TrainSeconds, double ImagesPerSecond, int People, int Images, string Model, string? Note);

/// <summary>Prints the result: a table for people, and for programs one JSON object on the last line.</summary>
internal static class Report
{
    public static void Print(VerificationResult verification, TrainingSummary training)
    {
        string pairs = $"{verification.SamePairs} same + {verification.DifferentPairs} different pairs";
        double constant = (double)Math.Max(verification.SamePairs, verification.DifferentPairs) / (verification.SamePairs + verification.DifferentPairs);
        Table table = new Table().Border(TableBorder.Rounded)
            .Title($"{verification.People} people never seen in training")
            .AddColumn("Verification").AddColumn(new TableColumn("Value").RightAligned()).AddColumn("Over");
        foreach ((string falseAcceptRate, double? accepted) in verification.TarAtFar)
        {
            double rate = double.Parse(falseAcceptRate, CultureInfo.InvariantCulture);
            table.AddRow(
                $"TAR at FAR {rate:P0}", accepted is { } share ? $"{share:P2}" : "no answer",
                accepted is null ? $"takes {Math.Ceiling(1 / rate):F0} different pairs" : pairs);
        }

        table.AddRow("Equal error rate", $"{verification.Eer:P2}", pairs)
            .AddRow("Area under the ROC", $"{verification.Auc:F4}", pairs)
            .AddRow("Accuracy", $"{verification.Accuracy:P2} ± {verification.AccuracyStd:P2}", verification.SamePairs == verification.DifferentPairs ? pairs : $"{pairs}; one answer to all would be right for {constant:P2}");
        Console.WriteLine(verification.Verdict);
        AnsiConsole.Write(table);
        string? note = NoteOn(verification, training);
        if (note is not null)
        {
            Console.WriteLine(note);
        }

        Console.WriteLine($"The second process took {verification.Seconds:F0} s for {verification.Images} pictures and their mirror images.");
        var summary = new QuickStartSummary(
            verification.Verdict, Math.Round(verification.Accuracy, 6), Math.Round(verification.AccuracyStd, 6), Math.Round(verification.Auc, 6), Math.Round(verification.Eer, 6), verification.TarAtFar,
            training.Epochs, Math.Round(training.TrainSeconds, 1), Math.Round(training.ImagesPerSecond, 1), training.People, training.Images, training.Model, note);
        Console.WriteLine(JsonSerializer.Serialize(summary, SamplesJson.Default.QuickStartSummary));
    }

    /// <summary>Says in words what a result does not mean: that of a run too short to learn, or one that guessing would reach. Null where the numbers speak for themselves.</summary>
    public static string? NoteOn(VerificationResult verification, TrainingSummary training)
    {
        int pairs = verification.SamePairs + verification.DifferentPairs;
        double guessing = (double)Math.Max(verification.SamePairs, verification.DifferentPairs) / pairs;
        if (training.IsShort)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"This shows only that the parts work together: {training.Epochs} epochs over {training.Images} pictures teach a network next to nothing, and an accuracy of {guessing:P0} is what guessing gives. Run it without --short to see it learn.");
        }

        double deviation = Math.Sqrt(guessing * (1 - guessing) / pairs);
        return verification.Accuracy > guessing + (2 * deviation)
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"The accuracy is no better than guessing, which gives {guessing:P0} on these pairs: the network learned nothing that tells other people apart. Train on more people and photographs, for more than {training.Epochs} epochs, or start from weights (docs/formats.md).");
    }
}
