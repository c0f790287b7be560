using System.CommandLine;
using System.Globalization;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface embed: photographs to vectors.</summary>
internal static class EmbedCommand
{
    private const string Description = """
        Embeds photographs: a line each, with the path and the unit-length vector. Examples:
          arcface embed --model faces.zip a.jpg b.jpg --output embeddings.csv
          arcface embed --model faces.zip photographs/ --skip-unusable --output embeddings.jsonl
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Argument<FileSystemInfo[]> Photographs = FileOptions.Photographs("Photographs, or folders of them.");
    private static readonly Option<FileInfo> Output = new("--output") { Description = "The file to write; its ending decides: .csv (path, then a number a column) or .jsonl (an object a line).", HelpName = "FILE", Required = true };
    private static readonly Option<bool> SkipUnusable = new("--skip-unusable") { Description = "Leave out photographs that cannot be read or show no face, and count them, instead of ending with an error." };

    public static Command Create()
    {
        var command = new Command("embed", Description) { Model, Photographs, Output, SkipUnusable };
        command.Validators.Add(result =>
        {
            if (result.GetValue(Output) is { } file && file.Extension.ToLowerInvariant() is not (".csv" or ".jsonl"))
            {
                result.AddError($"--output is '{file}'; it must end in .csv or .jsonl, for example --output embeddings.csv.");
            }
        });
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        string output = run.Need(Output).FullName;
        Terminal.ModelFile.CheckWritable(output);
        using var embedder = new FaceEmbedder(run.Need(Model).FullName, new FaceEmbedder.Options { ReloadInterval = null });
        bool isTable = Path.GetExtension(output).Equals(".csv", StringComparison.OrdinalIgnoreCase);
        string part = output + ".part";
        int embedded = 0;
        string[] unusable;
        using (var lines = new StreamWriter(part))
        {
            if (isTable)
            {
                lines.WriteLine(string.Join(',', [.. (string[])["path"], .. Enumerable.Range(0, embedder.EmbeddingSize).Select(number => $"e{number}")]));
            }

            unusable = EmbeddedPhotographs.ForEach(run, embedder, FileOptions.Files(run.Need(Photographs)), run.Get(SkipUnusable), (path, vector) =>
            {
                lines.WriteLine(isTable
                    ? string.Join(',', [Quoted(path), .. vector.Select(value => value.ToString("R", CultureInfo.InvariantCulture))])
                    : ToolCommand.ToJson(new { path, embedding = vector }));
                embedded++;
            });
        }

        File.Move(part, output, overwrite: true);
        return new ToolAnswer(
            new { output, embedded, unusable, embeddingSize = embedder.EmbeddingSize, fingerprint = embedder.Fingerprint },
            $"Wrote {output}: {embedded} embeddings of {embedder.EmbeddingSize} numbers{(unusable.Length == 0 ? "" : $"; {unusable.Length} photographs left out")}");
    }

    /// <summary>As RFC 4180 has it.</summary>
    private static string Quoted(string text) => text.AsSpan().ContainsAny(",\"\n\r") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
