using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Samples.Support;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>What the second process measured. A rate is null where there are too few pairs to tell it.</summary>
internal sealed record VerificationResult(
    string Verdict, double Accuracy, double AccuracyStd, double Auc, double Eer, Dictionary<string, double?> TarAtFar, int SamePairs, int DifferentPairs, int People, int Images, double Seconds);

/// <summary>
/// Verifies a saved model in a process of its own: this program calls itself with a hidden command that is given
/// nothing but the model's file, the pictures and the pairs.
/// </summary>
internal static class SecondProcess
{
    private const string CommandName = "verify-pairs";

    private static readonly double[] FalseAcceptRates = [0.1, 0.01];

    /// <summary>The hidden command; its last line is a <see cref="VerificationResult"/> as JSON.</summary>
    public static Command CreateCommand()
    {
        var model = new Option<string>("--model") { Required = true };
        var images = new Option<string>("--images") { Required = true };
        var pairs = new Option<string?>("--pairs");
        var command = new Command(CommandName, "Loads a model and verifies pairs of faces.") { model, images, pairs };
        command.Hidden = true;
        command.SetSample((parsed, _) =>
        {
            VerificationResult result = Measure(parsed.GetRequiredValue(model), parsed.GetRequiredValue(images), parsed.GetValue(pairs));
            Console.WriteLine(JsonSerializer.Serialize(result, SamplesJson.Default.VerificationResult));
        });
        return command;
    }

    /// <summary>Starts the second process and waits for its result.</summary>
    public static VerificationResult Verify(string model, FaceFolders folders, CancellationToken cancellationToken)
    {
        string output = OwnProgram.Run([CommandName, "--model", model, "--images", folders.Test, .. folders.Pairs is { } pairs ? (string[])["--pairs", pairs] : []], cancellationToken);
        string lastLine = output.TrimEnd().Split('\n')[^1];
        return JsonSerializer.Deserialize(lastLine, SamplesJson.Default.VerificationResult)
            ?? throw new InvalidOperationException($"the second process gave no result but '{lastLine}'.");
    }

    private static VerificationResult Measure(string modelFile, string folder, string? pairsFile)
    {
        var clock = Stopwatch.StartNew();
        var ml = new MLContext();
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        ITransformer model = ml.Model.Load(modelFile, out _);

        IDataView test = faces.LoadFromFolder(folder);
        test = pairsFile is null ? HeldOutPeople.Keep(ml, test) : test;
        IReadOnlyList<FacePair> pairs = pairsFile is null ? HeldOutPeople.Pairs(ml, test) : faces.LoadPairs(pairsFile);
        VerificationMetrics metrics = faces.EvaluateVerification(model.Transform(test), pairs);

        (int people, int images) = FaceFolders.Count(ml, test);
        return new VerificationResult(
            metrics.VerdictText, metrics.Accuracy, metrics.AccuracyStandardDeviation, metrics.AreaUnderRocCurve, metrics.EqualErrorRate,
            FalseAcceptRates.ToDictionary(
                rate => rate.ToString(System.Globalization.CultureInfo.InvariantCulture),
                rate => metrics.TryGetTrueAcceptRate(rate, out double accepted) ? accepted : (double?)null),
            metrics.GenuinePairCount, metrics.ImpostorPairCount, people, images, clock.Elapsed.TotalSeconds);
    }
}
