using System.CommandLine;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface embed: photographs to vectors.</summary>
internal static class EmbedCommand
{
    private const string Description = """
        Embeds photographs: the path and the unit-length vector of each. Examples:
          arcface embed --model faces.zip a.jpg b.jpg --output embeddings.csv
          arcface embed --model faces.zip photographs/ --skip-unusable --output embeddings.npy
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Argument<FileSystemInfo[]> Photographs = FileOptions.Photographs("Photographs, or folders of them.");
    private static readonly Option<FileInfo> Output = new("--output") { Description = "The file to write; its ending decides: .csv (path, then a number a column), .jsonl (an object a line) or .npy (float32, a row each; the paths in a .txt beside it).", HelpName = "FILE", Required = true };
    private static readonly Option<bool> SkipUnusable = new("--skip-unusable") { Description = "Leave out photographs that cannot be read or show no face, and count them, instead of ending with an error." };

    public static Command Create()
    {
        var command = new Command("embed", Description) { Model, Photographs, Output, SkipUnusable, AlignedPhotographs.Required, ToolCommand.Gpu };
        command.Validators.Add(result =>
        {
            if (result.GetValue(Output) is { } file && !EmbeddingsFile.Endings.Contains(file.Extension, StringComparer.OrdinalIgnoreCase))
            {
                result.AddError($"--output is '{file}'; it must end in {string.Join(", ", EmbeddingsFile.Endings)}, for example --output embeddings.csv.");
            }
        });
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        string output = run.Need(Output).FullName;
        Terminal.ModelFile.CheckWritable(output);
        using FaceEmbedder embedder = EmbedderFile.Open(run, Model);
        using var file = new EmbeddingsFile(output, embedder.EmbeddingSize);
        string[] unusable = EmbeddedPhotographs.ForEach(run, embedder, FileOptions.Files(run.Need(Photographs)), run.Get(SkipUnusable), file.Add);
        file.Complete();
        int embedded = file.Count;
        return new ToolAnswer(
            new { output, embedded, unusable, notAligned = embedder.UnalignedImageCount, embeddingSize = embedder.EmbeddingSize, fingerprint = embedder.Fingerprint },
            $"Wrote {output}: {embedded} embeddings of {embedder.EmbeddingSize} numbers{(unusable.Length == 0 ? "" : $"; {unusable.Length} photographs left out")}");
    }
}
