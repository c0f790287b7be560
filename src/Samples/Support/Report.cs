using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Microsoft.ML.ArcFace.Samples.Support;

/// <summary>What training took.</summary>
internal sealed record TrainingSummary(int Epochs, double TrainSeconds, double ImagesPerSecond, int People, int Images, string Model);

/// <summary>Prints the result: a table for people, and for programs one JSON object on the last line.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions CamelCase = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

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
        Console.WriteLine($"The second process took {verification.Seconds:F0} s for {verification.Images} pictures and their mirror images.");
        Console.WriteLine(JsonSerializer.Serialize(
            new
            {
                verification.Verdict,
                Accuracy = Math.Round(verification.Accuracy, 6),
                AccuracyStd = Math.Round(verification.AccuracyStd, 6),
                Auc = Math.Round(verification.Auc, 6),
                Eer = Math.Round(verification.Eer, 6),
                verification.TarAtFar,
                training.Epochs,
                TrainSeconds = Math.Round(training.TrainSeconds, 1),
                ImagesPerSecond = Math.Round(training.ImagesPerSecond, 1),
                training.People,
                training.Images,
                training.Model,
            },
            CamelCase));
    }
}
