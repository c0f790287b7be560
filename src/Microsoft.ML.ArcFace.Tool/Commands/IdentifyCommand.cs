using System.CommandLine;
using System.Globalization;
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
          arcface identify --model faces.zip --gallery people.db party.jpg --all-faces
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Option<FileInfo> Gallery = FileOptions.Existing(FileOptions.Gallery());
    private static readonly Option<FileInfo> KeyFile = FileOptions.KeyFile();
    private static readonly Option<double?> Cosine = NumberOption.Real("--cosine", "The threshold. Default: the model's, for a gallery of this size", "-1 to 1", value => value is >= -1 and <= 1, 0.4);
    private static readonly Option<bool> SkipUnusable = EmbeddedPhotographs.SkipUnusable();
    private static readonly Argument<FileSystemInfo[]> Photographs = FileOptions.Photographs("Photographs, or folders of them.");

    private static readonly Option<bool> EveryFace = AllFaces.Option("Tell of every face of a photograph instead of the main one who it is; no two of them are the same person.");

    public static Command Create()
    {
        var command = new Command("identify", Description) { Model, Gallery, KeyFile, Cosine, SkipUnusable, EveryFace, Photographs, AlignedPhotographs.Required, ToolCommand.Gpu, ToolCommand.Threads };
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

        var found = new List<(IdentifyFacts.Photograph Facts, string Text)>();
        string[] unusable = run.Get(EveryFace)
            ? EmbeddedPhotographs.ForEachFacesOrNone(run, embedder, files, run.Get(SkipUnusable), AddAll)
            : EmbeddedPhotographs.ForEach(run, embedder, files, run.Get(SkipUnusable), (path, embedding) => Add(path, gallery.Identify(embedding), embedding, face: null));
        return new ToolAnswer(
            new IdentifyFacts([.. found.Select(one => one.Facts)], unusable, run.LeftOut, embedder.UnalignedImageCount),
            string.Join(Environment.NewLine, found.Select(one => one.Text)),
            unusable.Length == 0 && found.TrueForAll(one => one.Facts.Outcome == IdentificationOutcome.Match) ? ExitCode.Done : ExitCode.No);

        void AddAll(string path, IReadOnlyList<EmbeddedFace> faces)
        {
            if (faces.Count == 0)
            {
                found.Add((IdentifyFacts.Photograph.WithoutFace(path), $"{TerminalText.OfLine(path)}  no face"));
                return;
            }

            IReadOnlyList<FaceIdentification> answers = gallery.IdentifyAll([.. faces.Select(face => face.Embedding)]);
            foreach ((int place, EmbeddedFace face) in faces.Index())
            {
                Add(path, answers[place], face.Embedding, place);
            }
        }

        void Add(string path, FaceIdentification answer, FaceEmbedding embedding, int? face) => found.Add(
            (IdentifyFacts.Photograph.Of(path, answer, embedding, face), $"{TerminalText.OfLine(path)}  {answer}{WhichFace(embedding.Faces, face)}"));
    }

    /// <summary>Says in brackets which face of a photograph an answer is about, if it has several.</summary>
    private static string WhichFace(IReadOnlyList<FaceBox>? faces, int? face) =>
        faces is not { Count: > 1 } ? ""
        : face is { } place ? string.Create(CultureInfo.InvariantCulture, $" (face {place + 1} of {faces.Count}, {faces[0]} pixels at {faces[0].X:0}, {faces[0].Y:0})")
        : $" (the main one of {faces.Count} faces)";
}

/// <summary>Tells who is on the photographs.</summary>
internal sealed record IdentifyFacts(IdentifyFacts.Photograph[] Photographs, string[] Unusable, IReadOnlyList<LeftOutFiles> LeftOut, long NotAligned) : ToolFacts
{
    /// <summary>Tells who is on one of them, or, of all faces, who one face is; faces are counted from 1. The outcome is null where all faces were asked for and there are none.</summary>
    internal sealed record Photograph(string Path, IdentificationOutcome? Outcome, string? Person, string? Name, Candidate? Nearest, Candidate? RunnerUp, double? Threshold, int? Faces, FaceSize? PassedOver, int? Face, FacePlace? Box, int? NearerFace)
    {
        public static Photograph Of(string path, FaceIdentification answer, FaceEmbedding embedding, int? face) => new(
            path, answer.Outcome, answer.Person?.PersonId, answer.Person?.Name, Candidate.Of(answer.Nearest), Candidate.Of(answer.RunnerUp), answer.Threshold,
            embedding.Faces?.Count, FaceSize.Of(face is null ? embedding.PassedOver : null), face + 1, FacePlace.Of(embedding.Faces?[0]), answer.NearerFace + 1);

        public static Photograph WithoutFace(string path) => new(path, null, null, null, null, null, null, Faces: 0, null, null, null, null);
    }

    /// <summary>Names somebody whom the photograph may show.</summary>
    internal sealed record Candidate(string PersonId, string Name, double Score)
    {
        public static Candidate? Of(FaceCandidate? candidate) => candidate is null ? null : new(candidate.PersonId, candidate.Name, candidate.Score);
    }
}
