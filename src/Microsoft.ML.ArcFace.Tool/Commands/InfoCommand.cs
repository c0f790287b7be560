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
        FileKind kind = FileKinds.OfFile(file.FullName);
        if (kind == FileKind.MLNetModel)
        {
            using LoadedModel model = LoadedModel.Load(run, file.FullName);
            if (model.Model.Parts().OfType<FaceEmbeddingTransformer>().Any())
            {
                ModelFacts facts = ModelFacts.Of(model, file);
                return new ToolAnswer(facts, facts.ToString());
            }
        }

        string description = Describe(file, kind);
        return new ToolAnswer(
            new FileFacts(file.FullName, JsonNamingPolicy.CamelCase.ConvertName(kind.ToString()), file.Length, description),
            string.Create(CultureInfo.InvariantCulture, $"{file}: {description} ({file.Length / 1e6:0.###} MB)"));
    }

    private static string Describe(FileInfo file, FileKind kind) => kind switch
    {
        FileKind.MLNetModel => "an ML.NET model (.zip) without a face embedding in it. No command of arcface can use it",
        FileKind.Safetensors => $"a safetensors file{Checkpoint(file)}. train --weights starts from weights in it",
        FileKind.TorchZip or FileKind.Pickle when file.Extension.Equals(".bin", StringComparison.OrdinalIgnoreCase) => $"{kind.Describe()}, by its ending verification pairs of InsightFace",
        FileKind.TorchZip or FileKind.Pickle => $"{kind.Describe()}. train --weights starts from weights in it",
        FileKind.Onnx => $"{kind.Describe()}. train --detector takes it if it is YuNet's or SCRFD's",
        FileKind.Sqlite => $"{kind.Describe()}. If it is a gallery, arcface people lists who is in it",
        FileKind.RecordIO => $"{kind.Describe()}. train --records takes it",
        _ when kind.IsPhotograph() => $"{kind.Describe()}. verify, identify and embed take photographs",
        _ => kind.Describe(),
    };

    private static string Checkpoint(FileInfo file) => file.Name.StartsWith("checkpoint-", StringComparison.Ordinal) ? ", by its name a checkpoint of a training (train --checkpoints goes on from it)" : "";
}

/// <summary>What a file is that is no model.</summary>
internal sealed record FileFacts(string File, string Kind, long Bytes, string Description) : ToolFacts;
