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
          arcface evaluate --model faces.zip --data lfw --pairs pairs.txt --picture-pattern "{0}/{0}_{1:0000}.jpg" --json
        """;

    private static readonly double[] FalseAcceptRates = [0.1, 0.01, 0.001, 0.0001];

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Option<DirectoryInfo> Data = FileOptions.People("Whom to verify; people whom the model was not trained on");

    public static Command Create()
    {
        var command = new Command("evaluate", Description) { Model, Data, ComparedPairs.File, ComparedPairs.PicturePattern, AlignedPhotographs.Required, ToolCommand.Gpu };
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        using LoadedModel model = LoadedModel.Load(run, run.Need(Model).FullName);
        (IDataView photographs, IDataView lazy) = model.Embed(run.Need(Data));
        IDataView embedded = model.Context.Data.Cache(lazy);   // both metrics read it
        IReadOnlyList<FacePair> pairs = ComparedPairs.Read(run, model.Faces, photographs);
        VerificationMetrics metrics = model.Faces.EvaluateVerification(embedded, pairs);
        AngleMetrics angles = model.Faces.EvaluateAngles(embedded);
        VerificationVerdict? verdict = metrics.Verdict;
        DetPoint? atThreshold = metrics.Threshold is { } threshold ? metrics.ErrorsAt(threshold.Cosine) : null;
        return new ToolAnswer(
            new
            {
                verdict = metrics.VerdictText, falseAcceptRate = verdict?.FalseAcceptRate, trueAcceptRate = verdict?.TrueAcceptRate,
                lowerTrueAcceptRate = verdict?.LowerTrueAcceptRate, upperTrueAcceptRate = verdict?.UpperTrueAcceptRate,
                trainedOnPeople = metrics.TrainedOnPeople, notAligned = model.NotAligned,
                trueAcceptRates = FalseAcceptRates.ToDictionary(
                    rate => rate.ToString(CultureInfo.InvariantCulture), rate => metrics.TryGetTrueAcceptRate(rate, out double accepted) ? accepted : (double?)null),
                threshold = metrics.Threshold?.Cosine, falseMatchRateAtThreshold = atThreshold?.FalseMatchRate, falseNonMatchRateAtThreshold = atThreshold?.FalseNonMatchRate,
                equalErrorRate = metrics.EqualErrorRate, areaUnderRocCurve = metrics.AreaUnderRocCurve,
                accuracy = metrics.Accuracy, accuracyStandardDeviation = metrics.AccuracyStandardDeviation, constantAnswerAccuracy = metrics.ConstantAnswerAccuracy,
                genuinePairs = metrics.GenuinePairCount, impostorPairs = metrics.ImpostorPairCount,
                intraDegrees = angles.IntraDegrees, interDegrees = angles.InterDegrees,
            },
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
