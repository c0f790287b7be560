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
    private static readonly Option<bool> SkipUnusable = EmbeddedPhotographs.SkipUnusable();
    private static readonly Argument<FileSystemInfo[]> Photographs = FileOptions.Photographs("Photographs, or folders of them.");

    public static Command Create()
    {
        var command = new Command("identify", Description) { Model, Gallery, KeyFile, Cosine, SkipUnusable, Photographs, AlignedPhotographs.Required, ToolCommand.Gpu, ToolCommand.Threads };
        command.Answer(Run, stopped: "Nothing was kept; this command writes no files.");
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        string[] files = EmbeddedPhotographs.Need(FileOptions.Files(run, run.Need(Photographs), run.Get(SkipUnusable)), run.Need(Photographs));
        using FaceEmbedder embedder = EmbedderFile.OpenCalibrated(run, Model, run.Get(Cosine));
        using FaceGallery gallery = GalleryFile.Open(run, embedder, Gallery, KeyFile, new FaceGalleryOptions { ReadOnly = true, CosineThreshold = run.Get(Cosine) });
        if (gallery.PersonCount == 0)
        {
            throw new InvalidOperationException($"The gallery '{gallery.Path}' is empty, so nobody can be identified. Enroll people first: arcface enroll --model {run.Need(Model)} --gallery {run.Need(Gallery)} --data PEOPLE.");
        }

        var found = new List<(string Path, FaceIdentification Answer, FaceEmbedding Embedding)>();
        string[] unusable = EmbeddedPhotographs.ForEach(run, embedder, files, run.Get(SkipUnusable), (path, embedding) => found.Add((path, gallery.Identify(embedding), embedding)));
        return new ToolAnswer(
            new IdentifyFacts([.. found.Select(photograph => IdentifyFacts.Photograph.Of(photograph.Path, photograph.Answer, photograph.Embedding))], unusable, run.LeftOut, embedder.UnalignedImageCount),
            string.Join(Environment.NewLine, found.Select(photograph => $"{TerminalText.OfLine(photograph.Path)}  {photograph.Answer}{(photograph.Embedding.Faces is { Count: > 1 } faces ? $" (the main one of {faces.Count} faces)" : "")}")),
            unusable.Length == 0 && found.TrueForAll(photograph => photograph.Answer.Outcome == IdentificationOutcome.Match) ? ExitCode.Done : ExitCode.No);
    }
}

/// <summary>Tells who is on the photographs.</summary>
internal sealed record IdentifyFacts(IdentifyFacts.Photograph[] Photographs, string[] Unusable, IReadOnlyList<LeftOutFiles> LeftOut, long NotAligned) : ToolFacts
{
    /// <summary>Tells who is on one of them.</summary>
    internal sealed record Photograph(string Path, IdentificationOutcome Outcome, string? Person, string? Name, Candidate? Nearest, Candidate? RunnerUp, double Threshold, int? Faces, FaceSize? PassedOver)
    {
        public static Photograph Of(string path, FaceIdentification answer, FaceEmbedding embedding) => new(
            path, answer.Outcome, answer.Person?.PersonId, answer.Person?.Name, Candidate.Of(answer.Nearest), Candidate.Of(answer.RunnerUp), answer.Threshold,
            embedding.Faces?.Count, FaceSize.Of(embedding.PassedOver));
    }

    /// <summary>Names somebody whom the photograph may show.</summary>
    internal sealed record Candidate(string PersonId, string Name, double Score)
    {
        public static Candidate? Of(FaceCandidate? candidate) => candidate is null ? null : new(candidate.PersonId, candidate.Name, candidate.Score);
    }
}
