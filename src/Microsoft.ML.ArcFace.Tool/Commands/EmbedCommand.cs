using System.CommandLine;
using Microsoft.ML.ArcFace.Names;

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
          arcface embed --model faces.zip party.jpg --all-faces --output faces.jsonl
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Argument<FileSystemInfo[]> Photographs = FileOptions.Photographs("Photographs, or folders of them.");
    private static readonly Option<FileInfo> Output = new("--output") { Description = "The file to write; its ending decides: .csv (path, then a number a column), .jsonl (an object a line) or .npy (float32, a row each; the paths in a .txt beside it).", HelpName = "FILE", Required = true };
    private static readonly Option<bool> SkipUnusable = new("--skip-unusable") { Description = "Leave out photographs that cannot be read or show no face, and count them, instead of ending with an error; with --all-faces, no face is no error." };

    private static readonly Option<bool> EveryFace = AllFaces.Option("Embed every face of a photograph instead of the main one: with its number, from 1, the main one, its box and the detector's score; in the .txt beside a .npy the number stands behind a tab.");

    public static Command Create()
    {
        var command = new Command("embed", Description) { Model, Photographs, Output, SkipUnusable, EveryFace, AlignedPhotographs.Required, ToolCommand.Gpu, ToolCommand.Threads };
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
        string[] photographs = EmbeddedPhotographs.Need(FileOptions.Files(run, run.Need(Photographs), run.Get(SkipUnusable)), run.Need(Photographs));
        Terminal.ModelFile.CheckWritable(output);
        using FaceEmbedder embedder = EmbedderFile.Open(run, Model);
        using var file = new EmbeddingsFile(output, embedder.EmbeddingSize, run.Get(EveryFace));
        var faces = new List<EmbedFacts.CountedFaces>();
        string[] unusable = run.Get(EveryFace)
            ? EmbeddedPhotographs.ForEachFacesOrNone(run, embedder, photographs, run.Get(SkipUnusable), (path, found) =>
            {
                foreach ((int place, EmbeddedFace face) in found.Index())
                {
                    file.Add(path, place + 1, face);
                }

                faces.Add(new EmbedFacts.CountedFaces(path, found.Count == 0 ? 0 : found[0].Embedding.Faces?.Count));
            })
            : EmbeddedPhotographs.ForEach(run, embedder, photographs, run.Get(SkipUnusable), (path, embedding) =>
            {
                file.Add(path, embedding.Vector);
                faces.Add(new EmbedFacts.CountedFaces(path, embedding.Faces?.Count));
            });
        file.Complete();
        int embedded = file.Count, withoutFace = faces.Count(photograph => photograph.Faces == 0);
        return new ToolAnswer(
            new EmbedFacts(output, embedded, faces, unusable, embedder.UnalignedImageCount, run.LeftOut, embedder.EmbeddingSize, embedder.Fingerprint),
            $"Wrote {Terminal.TerminalText.OfLine(output)}: {Counted.Of(embedded, "embedding")} of {embedder.EmbeddingSize} numbers{(withoutFace == 0 ? "" : $"; {Counted.Of(withoutFace, "photograph")} without a face")}{(unusable.Length == 0 ? "" : $"; {Counted.Of(unusable.Length, "photograph")} left out")}");
    }
}

/// <summary>Describes the file that was written.</summary>
internal sealed record EmbedFacts(
    string Output, int Embedded, IReadOnlyList<EmbedFacts.CountedFaces> Photographs, string[] Unusable, long NotAligned, IReadOnlyList<LeftOutFiles> LeftOut, int EmbeddingSize, string Fingerprint) : ToolFacts
{
    /// <summary>Counts the faces of a photograph; null: the model has no detector.</summary>
    internal sealed record CountedFaces(string Path, int? Faces);
}
