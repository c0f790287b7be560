using System.CommandLine;
using System.Globalization;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface export: a model for other programs.</summary>
internal static class ExportCommand
{
    private const string Description = """
        Writes the embedding of a model as ONNX, for any runtime, or as safetensors, for PyTorch. Examples:
          arcface export --model faces.zip --output faces.onnx
          arcface export --model faces.zip --output faces.safetensors
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Option<FileInfo> Output = new("--output") { Description = "The file to write; its ending decides: .onnx or .safetensors.", HelpName = "FILE", Required = true };
    private static readonly Option<bool> OwnGraph = new("--own-graph") { Description = "ONNX: a graph of this library, also of a model that was imported from an .onnx file, whose own graph is written otherwise." };
    private static readonly Option<bool> NormalizedInput = new("--normalized-input") { Description = "ONNX: the file takes (value - 127.5) / 127.5 instead of pixel values." };
    private static readonly Option<bool> RawOutput = new("--raw-output") { Description = "ONNX: the file gives embeddings that are not of unit length." };

    public static Command Create()
    {
        var command = new Command("export", Description) { Model, Output, OwnGraph, NormalizedInput, RawOutput };
        command.Validators.Add(result =>
        {
            if (result.GetValue(Output) is { } file && file.Extension.ToLowerInvariant() is not (".onnx" or ".safetensors"))
            {
                result.AddError($"--output is '{file}'; it must end in .onnx or .safetensors, for example --output faces.onnx.");
            }
        });
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        string output = run.Need(Output).FullName;
        Terminal.ModelFile.CheckWritable(output);
        using LoadedModel model = LoadedModel.Load(run, run.Need(Model).FullName);
        bool isOnnx = Path.GetExtension(output).Equals(".onnx", StringComparison.OrdinalIgnoreCase);
        if (isOnnx)
        {
            model.Faces.ExportToOnnx(model.Model, output, new OnnxExportOptions { OriginalGraph = run.Get(OwnGraph) ? false : null, IncludePreprocessing = !run.Get(NormalizedInput), NormalizeOutput = !run.Get(RawOutput) });
        }
        else
        {
            model.Faces.ExportToSafetensors(model.Model, output);
        }

        long bytes = new FileInfo(output).Length;
        return new ToolAnswer(
            new ExportFacts(output, isOnnx ? "onnx" : "safetensors", bytes, model.Model.FaceEmbedding().Fingerprint),
            string.Create(CultureInfo.InvariantCulture, $"Wrote {Terminal.TerminalText.OfLine(output)} ({bytes / 1e6:F1} MB)"));
    }
}

/// <summary>Describes the file that was written.</summary>
internal sealed record ExportFacts(string Output, string Format, long Bytes, string Fingerprint) : ToolFacts;
