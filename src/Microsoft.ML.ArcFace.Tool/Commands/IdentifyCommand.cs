using System.CommandLine;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface identify: who is it?</summary>
internal static class IdentifyCommand
{
    private const string Description = """
        Tells who of a gallery is on photographs, and who is nobody of it: exit code 0 if each shows somebody, 3 if not. Examples:
          arcface identify --model faces.zip --gallery people.db visitor.jpg
          arcface identify --model faces.zip --gallery people.db visitors/ --json
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Option<FileInfo> Gallery = FileOptions.Existing(FileOptions.Gallery());
    private static readonly Option<FileInfo> KeyFile = FileOptions.KeyFile();
    private static readonly Option<double?> Cosine = NumberOption.Real("--cosine", "The threshold. Default: the model's, for a gallery of this size", "-1 to 1", value => value is >= -1 and <= 1, 0.4);
    private static readonly Option<bool> SkipUnusable = new("--skip-unusable") { Description = "Leave out photographs that cannot be read or show no face, and count them." };
    private static readonly Argument<FileSystemInfo[]> Photographs = FileOptions.Photographs("Photographs, or folders of them.");

    public static Command Create()
    {
        var command = new Command("identify", Description) { Model, Gallery, KeyFile, Cosine, SkipUnusable, Photographs, AlignedPhotographs.Required, ToolCommand.Gpu };
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        using FaceEmbedder embedder = EmbedderFile.OpenCalibrated(run, Model, run.Get(Cosine));
        using FaceGallery gallery = GalleryFile.Open(run, embedder, Gallery, KeyFile, createIfMissing: false, run.Get(Cosine));
        var found = new List<(string Path, FaceIdentification Answer)>();
        string[] unusable = EmbeddedPhotographs.ForEach(run, embedder, FileOptions.Files(run.Need(Photographs)), run.Get(SkipUnusable), (path, vector) => found.Add((path, gallery.Identify(vector))));
        return new ToolAnswer(
            new
            {
                photographs = found.Select(photograph => new
                {
                    path = photograph.Path, outcome = photograph.Answer.Outcome, person = photograph.Answer.Person?.PersonId, name = photograph.Answer.Person?.Name,
                    nearest = Candidate(photograph.Answer.Nearest), runnerUp = Candidate(photograph.Answer.RunnerUp), threshold = photograph.Answer.Threshold,
                }),
                unusable, notAligned = embedder.UnalignedImageCount,
            },
            string.Join(Environment.NewLine, found.Select(photograph => $"{photograph.Path}  {photograph.Answer}")),
            unusable.Length == 0 && found.TrueForAll(photograph => photograph.Answer.Outcome == IdentificationOutcome.Match) ? ExitCode.Done : ExitCode.No);
    }

    private static object? Candidate(FaceCandidate? candidate) => candidate is null ? null : new { personId = candidate.PersonId, name = candidate.Name, score = candidate.Score };
}
