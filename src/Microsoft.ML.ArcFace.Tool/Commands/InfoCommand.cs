using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface info: what is this file?</summary>
internal static class InfoCommand
{
    private const string Description = """
        Tells what a file is. Of a model: its network, whom and how it was trained, its threshold and what that means, its detector,
        what it does to pixels, and its fingerprint; of other files, what kind they are. Examples:
          arcface info faces.zip
          arcface info --model faces.zip --json
        """;

    private static readonly Argument<FileInfo> Any = FileOptions.Existing(new Argument<FileInfo>("file") { Description = "A model's .zip, or another file.", Arity = ArgumentArity.ZeroOrOne });
    private static readonly Option<FileInfo> Model = FileOptions.Existing(new Option<FileInfo>("--model") { Description = "The same, named as in other commands.", HelpName = "FILE" });

    public static Command Create()
    {
        var command = new Command("info", Description) { Any, Model };
        command.Validators.Add(result =>
        {
            if (result.GetValue(Any) is null == result.GetValue(Model) is null)
            {
                result.AddError("Give one file: arcface info FILE.");
            }
        });
        command.Answer(Run, stopped: "Nothing was changed.");
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        FileInfo file = run.Get(Model) ?? run.Parsed.GetValue(Any)!;
        FileNature nature;
        using (ByteSource source = ByteSource.Open(file.FullName))
        {
            nature = FileNature.Of(source);
        }

        if (nature.Kind == FileKind.FaceModel)
        {
            using LoadedModel model = LoadedModel.Load(run, file.FullName);
            ModelFacts facts = ModelFacts.Of(model, file);
            return new ToolAnswer(facts, facts.ToString());
        }

        string description = nature.What + UseOf(file, nature.Kind);
        return new ToolAnswer(
            new FileFacts(file.FullName, JsonNamingPolicy.CamelCase.ConvertName(nature.Kind.ToString()), file.Length, description),
            string.Create(CultureInfo.InvariantCulture, $"{Terminal.TerminalText.OfLine($"{file}: {description}")} ({file.Length / 1e6:0.###} MB)"));
    }

    /// <summary>Tells which commands take a file; empty if none is known to.</summary>
    private static string UseOf(FileInfo file, FileKind kind) => kind switch
    {
        FileKind.TrainingCheckpoint => "; train goes on from its folder with --checkpoints, and starts from it with --weights",
        FileKind.Pickle when file.Extension.Equals(".bin", StringComparison.OrdinalIgnoreCase) => ", by its ending pairs of InsightFace",
        FileKind.Safetensors or FileKind.TorchZip or FileKind.Pickle => "; train starts from weights in it with --weights, and import makes a model of them",
        FileKind.Onnx => "; import makes a model of it with --weights, if it is a recognizer, and finds faces by it with --detector, if it is YuNet or SCRFD",
        FileKind.Sqlite => "; if it is a gallery, people lists who is in it and identify searches it",
        FileKind.RecordIO => "; train takes it with --records",
        _ when kind.IsPhotograph() => "; verify, identify and embed take photographs",
        _ => "",
    };
}

/// <summary>Describes a file that is no model.</summary>
internal sealed record FileFacts(string File, string Kind, long Bytes, string Description) : ToolFacts;
