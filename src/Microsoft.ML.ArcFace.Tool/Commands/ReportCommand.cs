using System.CommandLine;
using System.Globalization;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface report: an evaluation as one page that shows where the model goes wrong.</summary>
internal static class ReportCommand
{
    private const string Description = """
        Evaluates a model and writes one HTML file with curves, histograms, a map of the embeddings, and the worst pairs as photographs.
        The file holds those photographs: --without-photographs leaves them out. Examples:
          arcface report --model faces.zip --data faces/test --output report.html
          arcface report --model faces.zip --data lfw --pairs pairs.txt --without-photographs --output report.html
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Option<DirectoryInfo> Data = FileOptions.People("Whom to evaluate on; people whom the model was not trained on");
    private static readonly Option<FileInfo> Output = new("--output") { Description = "The HTML file.", HelpName = "FILE", DefaultValueFactory = _ => new FileInfo("report.html") };
    private static readonly Option<string?> Title = new("--title") { Description = "The heading.", HelpName = "TEXT" };
    private static readonly Option<bool> WithoutPhotographs = new("--without-photographs") { Description = "Show no photographs, so that the file may be passed on where they may not." };
    private static readonly Option<bool> SkipUnusable = EmbeddedPhotographs.SkipUnusable();

    public static Command Create()
    {
        var command = new Command("report", Description) { Model, Data, ComparedPairs.File, ComparedPairs.PicturePattern, ComparedPairs.Encoding, Output, Title, WithoutPhotographs, SkipUnusable, AlignedPhotographs.Required, ToolCommand.Gpu, ToolCommand.Threads };
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        string output = run.Need(Output).FullName;
        ModelFile.CheckWritable(output);
        using LoadedModel model = LoadedModel.Load(run, run.Need(Model).FullName);
        (UsablePhotographs photographs, IDataView embedded) = model.Embed(run, run.Need(Data), run.Get(SkipUnusable));
        var defaults = new FaceReportOptions();
        VerificationMetrics metrics = model.Faces.WriteReport(output, embedded, ComparedPairs.Read(run, model, photographs, Data), defaults with
        {
            Title = run.Get(Title) ?? defaults.Title,
            ImageColumnName = run.Get(WithoutPhotographs) ? null : defaults.ImageColumnName,
            Model = model.Model,
            Facts = [new("Model", run.Need(Model).Name), new("Photographs", run.Need(Data).Name), new("Pairs", run.Get(ComparedPairs.File)?.Name ?? "all pairs, or a sample of them")],
            Commands = [$"arcface {string.Join(' ', run.Parsed.Tokens.Select(token => token.Value))}"],
        });
        return new ToolAnswer(
            new ReportFacts(
                output, metrics.VerdictText, metrics.TrainedOnPeople, metrics.Verdict?.FalseAcceptRate, metrics.Verdict?.TrueAcceptRate, metrics.AreaUnderRocCurve,
                metrics.Accuracy, metrics.ConstantAnswerAccuracy, metrics.GenuinePairCount, metrics.ImpostorPairCount, model.NotAligned, photographs.Unusable, run.LeftOut),
            string.Create(CultureInfo.InvariantCulture, $"{metrics.VerdictText}{Environment.NewLine}Wrote {TerminalText.OfLine(output)} ({new FileInfo(output).Length / 1e6:F1} MB)"));
    }
}

/// <summary>Names the page, and gives its first numbers.</summary>
internal sealed record ReportFacts(
    string Report, string Verdict, IReadOnlyList<string>? TrainedOnPeople, double? FalseAcceptRate, double? TrueAcceptRate, double AreaUnderRocCurve,
    double Accuracy, double ConstantAnswerAccuracy, int GenuinePairs, int ImpostorPairs, long NotAligned, string[] Unusable, IReadOnlyList<LeftOutFiles> LeftOut) : ToolFacts;
