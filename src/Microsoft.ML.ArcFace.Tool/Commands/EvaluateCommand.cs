using System.CommandLine;
using System.Globalization;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface evaluate: how well a model tells people apart whom it was not trained on.</summary>
internal static class EvaluateCommand
{
    private const string Description = """
        Verifies pairs of photographs by the protocol of Labeled Faces in the Wild. Examples:
          arcface evaluate --model faces.zip --data faces/test
          arcface evaluate --model faces.zip --data lfw --pairs pairs.txt --json
        """;

    private static readonly double[] FalseAcceptRates = [0.1, 0.01, 0.001, 0.0001];

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Option<DirectoryInfo> Data = FileOptions.People("Whom to verify; people whom the model was not trained on");
    private static readonly Option<bool> SkipUnusable = EmbeddedPhotographs.SkipUnusable();

    public static Command Create()
    {
        var command = new Command("evaluate", Description) { Model, Data, ComparedPairs.File, ComparedPairs.PicturePattern, ComparedPairs.Encoding, SkipUnusable, AlignedPhotographs.Required, ToolCommand.Gpu, ToolCommand.Threads };
        command.Answer(Run, stopped: "Nothing was kept; this command writes no files.");
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        using LoadedModel model = LoadedModel.Load(run, run.Need(Model).FullName);
        (UsablePhotographs photographs, IDataView lazy) = model.Embed(run, run.Need(Data), run.Get(SkipUnusable));
        IDataView embedded = model.Context.Data.Cache(lazy);   // both metrics read it
        IReadOnlyList<FacePair> pairs = ComparedPairs.Read(run, model, photographs, Data);
        VerificationMetrics metrics = model.Faces.EvaluateVerification(embedded, pairs);
        AngleMetrics angles = model.Faces.EvaluateAngles(embedded);
        VerificationVerdict? verdict = metrics.Verdict;
        DetPoint? atThreshold = metrics.Threshold is { } threshold ? metrics.ErrorsAt(threshold.Cosine) : null;
        return new ToolAnswer(
            new EvaluateFacts(
                metrics.VerdictText, verdict?.FalseAcceptRate, verdict?.TrueAcceptRate, verdict?.LowerTrueAcceptRate, verdict?.UpperTrueAcceptRate, metrics.TrainedOnPeople, model.NotAligned,
                TrueAcceptRates: FalseAcceptRates.ToDictionary(
                    rate => rate.ToString(CultureInfo.InvariantCulture), rate => metrics.TryGetTrueAcceptRate(rate, out double accepted) ? accepted : (double?)null),
                metrics.Threshold?.Cosine, atThreshold?.FalseMatchRate, atThreshold?.FalseNonMatchRate, metrics.EqualErrorRate, metrics.AreaUnderRocCurve,
                metrics.Accuracy, metrics.AccuracyStandardDeviation, metrics.ConstantAnswerAccuracy, metrics.GenuinePairCount, metrics.ImpostorPairCount,
                angles.IntraDegrees, angles.InterDegrees, photographs.Unusable, run.LeftOut),
            string.Join(Environment.NewLine, [metrics.ToString(), .. AtThreshold(metrics, atThreshold), angles.ToString(), .. Unknown(metrics)]));
    }

    private static IEnumerable<string> AtThreshold(VerificationMetrics metrics, DetPoint? errors)
    {
        if (metrics.Threshold is { } threshold && errors is { } at)
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"At the model's threshold (cosine over {threshold.Cosine:0.0000}, calibrated for {threshold.TargetFalseMatchRate * 100:0.######} %): {at.FalseMatchRate:P2} of the impostor pairs accepted, {at.FalseNonMatchRate:P2} of the genuine pairs refused");
        }
    }

    private static IEnumerable<string> Unknown(VerificationMetrics metrics)
    {
        if (metrics.TrainedOnPeople is null)
        {
            yield return "It cannot be told whether the model was trained on these people: it does not keep whom it was trained on.";
        }
    }
}

/// <summary>Tells how well people are verified.</summary>
internal sealed record EvaluateFacts(
    string Verdict, double? FalseAcceptRate, double? TrueAcceptRate, double? LowerTrueAcceptRate, double? UpperTrueAcceptRate, IReadOnlyList<string>? TrainedOnPeople, long NotAligned,
    Dictionary<string, double?> TrueAcceptRates, double? Threshold, double? FalseMatchRateAtThreshold, double? FalseNonMatchRateAtThreshold, double EqualErrorRate, double AreaUnderRocCurve,
    double Accuracy, double AccuracyStandardDeviation, double ConstantAnswerAccuracy, int GenuinePairs, int ImpostorPairs, double IntraDegrees, double InterDegrees, string[] Unusable, IReadOnlyList<LeftOutFiles> LeftOut) : ToolFacts;
