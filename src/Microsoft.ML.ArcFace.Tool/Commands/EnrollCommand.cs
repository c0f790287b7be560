using System.CommandLine;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface enroll: people into a gallery.</summary>
internal static class EnrollCommand
{
    private const string Description = """
        Adds people to a gallery; all photographs or none. A photograph that is there already changes nothing. Examples:
          arcface enroll --model faces.zip --gallery people.db --data faces/known
          arcface enroll --model faces.zip --gallery people.db --person "Ada Lovelace" ada-1.jpg ada-2.jpg
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Option<FileInfo> Gallery = FileOptions.Gallery();
    private static readonly Option<FileInfo> KeyFile = FileOptions.KeyFile();
    private static readonly Option<DirectoryInfo> Data = FileOptions.People("Whom to enroll", isRequired: false);
    private static readonly Option<string?> Person = new("--person") { Description = "Instead of --data: who is on the photographs.", HelpName = "ID" };
    private static readonly Option<bool> Replace = new("--replace") { Description = "Put a photograph in the place of the person's older ones from the same path. Default: both are kept." };
    private static readonly Option<bool> OneFace = new("--one-face") { Description = "Refuse photographs that show another face of at least half the main face's area; with --skip-unusable leave them out." };
    private static readonly Option<bool> SkipUnusable = EmbeddedPhotographs.SkipUnusable();
    private static readonly Argument<FileSystemInfo[]> Photographs = FileOptions.Photographs("With --person: their photographs.");

    public static Command Create()
    {
        Photographs.Arity = ArgumentArity.ZeroOrMore;
        var command = new Command("enroll", Description) { Model, Gallery, KeyFile, Data, Person, Replace, OneFace, SkipUnusable, Photographs, AlignedPhotographs.Required, ToolCommand.Gpu, ToolCommand.Threads };
        command.Aliases.Add("enrol");                          // as it was spelled before
        command.Validators.Add(result =>
        {
            bool ofOne = result.GetValue(Person) is not null;
            if (ofOne == result.GetValue(Data) is not null || ofOne != result.GetValue(Photographs) is { Length: > 0 })
            {
                result.AddError("Give either --data DIR with one folder a person, or --person ID and photographs.");
            }
        });
        command.Answer(Run, stopped: "Nobody was enrolled.");
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        Dictionary<string, string> people = PersonName.Trimmed(run, run.Get(Person)) is { } person
            ? FileOptions.Files(run, run.Need(Photographs), run.Get(SkipUnusable)).ToDictionary(path => path, _ => person)
            : LabelledPhotographs.Of(run, run.Need(Data), run.Get(SkipUnusable));
        string[] files = EmbeddedPhotographs.Need([.. people.Keys], run.Get(Data) is { } data ? [data] : run.Need(Photographs));
        using FaceEmbedder embedder = EmbedderFile.Open(run, Model);
        using FaceGallery gallery = GalleryFile.Open(run, embedder, Gallery, KeyFile, new FaceGalleryOptions());
        gallery.ThrowIfReadOnly();
        if (embedder.Threshold is null)
        {
            run.Say($"'{run.Need(Model)}' has no threshold yet, without which identify does not answer: arcface calibrate --model {run.Need(Model)} --data PEOPLE chooses one, before or after enrolling.");
        }

        var faces = new List<FaceToEnroll>();
        var embeddings = new List<FaceEmbedding>();
        string[] unusable = EmbeddedPhotographs.ForEach(run, embedder, files, run.Get(SkipUnusable), (path, embedding) =>
        {
            embeddings.Add(run.Get(OneFace) ? embedding.RequireOneFace($"'{path}'") : embedding);
            faces.Add(new FaceToEnroll(people[path], embedding) { Source = path });
            if (embedding is { PassedOver: { } other, Faces: [var main, ..] all })
            {
                run.Say($"'{path}' shows {all.Count} faces: the one of {main} pixels was taken for {people[path]}, another of {other} was passed over. --one-face refuses such photographs.");
            }
        });
        IReadOnlyList<FaceEnrollment> results = gallery.Enroll(faces, run.Get(Replace));
        foreach ((FaceToEnroll face, FaceEnrollment result) in faces.Zip(results).Where(one => one.Second is { Outcome: EnrollmentOutcome.Enrolled, SameSource.Count: > 0 }))
        {
            run.Say($"'{face.Source}' was enrolled before for {result.PersonId}, and now shows another face: both are kept. --replace puts the new one in the old one's place.");
        }

        foreach (string joined in faces.Zip(results).Where(one => one.First.PersonId != one.Second.PersonId).Select(one => one.Second.PersonId).Distinct(StringComparer.Ordinal))
        {
            run.Say($"'{joined}' was given in another Unicode form, and is one person in the gallery.");
        }

        var summary = EnrollmentSummary.Of(results, unusable.Length);
        return new ToolAnswer(
            new EnrollFacts(
                gallery.Path, summary.PersonCount, summary.PhotographCount, summary.AlreadyThereCount, summary.ReplacedCount, summary.SameSourceCount,
                SeveralFaces: embeddings.Count(embedding => embedding.PassedOver is not null), unusable, embedder.UnalignedImageCount, run.LeftOut,
                [.. faces.Index().Select(one => EnrollFacts.Result.Of(one.Item, results[one.Index], embeddings[one.Index]))], gallery.PersonCount, gallery.PhotographCount),
            $"Enrolled {Counted.Of(summary.PhotographCount, "photograph")} of {Counted.People(summary.PersonCount)}{Also(summary.AlreadyThereCount, "already there")}{Also(summary.ReplacedCount, "in the place of older ones")}" +
            $"{Also(unusable.Length, "left out")}; {Terminal.TerminalText.OfLine(gallery.Path!)} has {gallery.PhotographCount} of {gallery.PersonCount}");
    }

    private static string Also(int count, string what) => count == 0 ? "" : $", {count} {what}";
}

/// <summary>Counts the people and photographs that were added, and those that are there now.</summary>
internal sealed record EnrollFacts(
    string? Gallery, int EnrolledPeople, int EnrolledPhotographs, int AlreadyThere, int Replaced, int SameSource, int SeveralFaces,
    string[] Unusable, long NotAligned, IReadOnlyList<LeftOutFiles> LeftOut, EnrollFacts.Result[] Results, int People, int Photographs) : ToolFacts
{
    /// <summary>Tells what became of a photograph.</summary>
    internal sealed record Result(string Path, string Person, EnrollmentOutcome Outcome, int? Faces, FaceSize? PassedOver)
    {
        public static Result Of(FaceToEnroll face, FaceEnrollment result, FaceEmbedding embedding) =>
            new(face.Source!, result.PersonId, result.Outcome, embedding.Faces?.Count, FaceSize.Of(embedding.PassedOver));
    }
}

/// <summary>Gives the size of a face that was passed over, in pixels.</summary>
internal sealed record FaceSize(float Width, float Height)
{
    public static FaceSize? Of(FaceBox? face) => face is null ? null : new(face.Width, face.Height);
}
