using System.CommandLine;

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

    public static Command Create()
    {
        var command = new Command("evaluate", Description) { Model, Data, ComparedPairs.File, ComparedPairs.PicturePattern, ComparedPairs.Encoding, ToolCommand.Gpu };
        command.Answer(Run, stopped: "Nothing was kept; this command writes no files.");
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        using LoadedModel model = LoadedModel.Load(run, run.Need(Model).FullName);
        (IDataView photographs, IDataView lazy) = model.Embed(run, run.Need(Data));
        IDataView embedded = model.Context.Data.Cache(lazy);   // both metrics read it
        IReadOnlyList<FacePair> pairs = ComparedPairs.Read(run, model.Faces, photographs, Data);
        VerificationMetrics metrics = model.Faces.EvaluateVerification(embedded, pairs);
        AngleMetrics angles = model.Faces.EvaluateAngles(embedded);
        return new ToolAnswer(
            new EvaluateFacts(
                metrics.Accuracy, metrics.AccuracyStandardDeviation, metrics.AreaUnderRocCurve, metrics.EqualErrorRate,
                TrueAcceptRates: FalseAcceptRates.ToDictionary(
                    rate => rate.ToString(System.Globalization.CultureInfo.InvariantCulture), rate => metrics.TryGetTrueAcceptRate(rate, out double accepted) ? accepted : (double?)null),
                metrics.GenuinePairCount, metrics.ImpostorPairCount, angles.IntraDegrees, angles.InterDegrees, run.LeftOut),
            $"{metrics}{Environment.NewLine}{angles}");
    }
}

/// <summary>How well people are verified.</summary>
internal sealed record EvaluateFacts(
    double Accuracy, double AccuracyStandardDeviation, double AreaUnderRocCurve, double EqualErrorRate, Dictionary<string, double?> TrueAcceptRates,
    int GenuinePairs, int ImpostorPairs, double IntraDegrees, double InterDegrees, IReadOnlyList<LeftOutFiles> LeftOut) : ToolFacts;
