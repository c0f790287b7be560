using System.CommandLine;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Terminal;

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
          arcface enroll --model faces.zip --gallery people.db --person "Ada Lovelace" --all-faces party.jpg
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Option<FileInfo> Gallery = FileOptions.Gallery();
    private static readonly Option<FileInfo> KeyFile = FileOptions.KeyFile();
    private static readonly Option<DirectoryInfo> Data = FileOptions.People("Whom to enroll", isRequired: false);
    private static readonly Option<string?> Person = new("--person") { Description = "Instead of --data: who is on the photographs.", HelpName = "ID" };
    private static readonly Option<bool> Replace = new("--replace") { Description = "Put a photograph in the place of the person's older ones from the same path. Default: both are kept." };
    private static readonly Option<bool> OneFace = new("--one-face") { Description = "Refuse photographs that show another face of at least half the main face's area; with --skip-unusable leave them out." };
    private static readonly Option<bool> EveryFace = AllFaces.Option("Look for the person among all faces of a photograph instead of taking the main one: the face nearest to the person's other photographs, or, where that is not clear, the one that is chosen at the terminal.");
    private static readonly Option<int?> Face = NumberOption.Whole("--face", "With --person and one photograph: which of its faces it is, in the order of identify --all-faces; 1 is the main one", 1, 1000, example: 2);
    private static readonly Option<string> Review = new("--review") { Description = "What is looked at before a photograph is enrolled: standard, the quality of the face; strict, also that it is nearer to the person's own photographs than to anybody else's, and that there is no second face of comparable size. What is refused is an error, or with --skip-unusable left out.", HelpName = "off|standard|strict", DefaultValueFactory = _ => "off" };
    private static readonly Option<bool> SkipUnusable = EmbeddedPhotographs.SkipUnusable();
    private static readonly Argument<FileSystemInfo[]> Photographs = FileOptions.Photographs("With --person: their photographs.");

    public static Command Create()
    {
        Photographs.Arity = ArgumentArity.ZeroOrMore;
        Review.AcceptOnlyFromAmong("off", "standard", "strict");
        var command = new Command("enroll", Description) { Model, Gallery, KeyFile, Data, Person, Replace, OneFace, EveryFace, Face, Review, SkipUnusable, Photographs, AlignedPhotographs.Required, ToolCommand.Gpu, ToolCommand.Threads };
        command.Aliases.Add("enrol");                          // as it was spelled before
        command.Validators.Add(result =>
        {
            bool ofOne = result.GetValue(Person) is not null;
            if (ofOne == result.GetValue(Data) is not null || ofOne != result.GetValue(Photographs) is { Length: > 0 })
            {
                result.AddError("Give either --data DIR with one folder a person, or --person ID and photographs.");
            }

            if (result.GetResult(Face) is not null && result.GetValue(Photographs) is not [FileInfo])
            {
                result.AddError("--face chooses a face of one photograph: give --person ID and one file.");
            }

            if (result.GetValue(OneFace) && (result.GetValue(EveryFace) || result.GetResult(Face) is not null))
            {
                result.AddError("--one-face refuses photographs of several people; leave it out with --all-faces and --face, which choose among them.");
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
        bool chooses = run.Get(EveryFace) || run.Get(Face) is not null;
        string[] unusable = chooses ? ChooseFaces(run, embedder, gallery, files, people, (path, embedding) =>
        {
            embeddings.Add(embedding);
            faces.Add(new FaceToEnroll(people[path], embedding) { Source = path });
        }) : EmbeddedPhotographs.ForEach(run, embedder, files, run.Get(SkipUnusable), (path, embedding) =>
        {
            embeddings.Add(run.Get(OneFace) ? embedding.RequireOneFace($"'{path}'") : embedding);
            faces.Add(new FaceToEnroll(people[path], embedding) { Source = path });
            if (embedding is { PassedOver: { } other, Faces: [var main, ..] all })
            {
                run.Say($"'{path}' shows {all.Count} faces: the one of {main} pixels was taken for {people[path]}, another of {other} was passed over. --one-face refuses such photographs.");
            }
        });
        unusable = [.. unusable, .. LeaveOutRefused(run, gallery, faces, embeddings)];
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
                SeveralFaces: embeddings.Count(embedding => !chooses && embedding.PassedOver is not null), unusable, embedder.UnalignedImageCount, run.LeftOut,
                [.. faces.Index().Select(one => EnrollFacts.Result.Of(one.Item, results[one.Index], embeddings[one.Index], chooses))], gallery.PersonCount, gallery.PhotographCount),
            $"Enrolled {Counted.Of(summary.PhotographCount, "photograph")} of {Counted.People(summary.PersonCount)}{Also(summary.AlreadyThereCount, "already there")}{Also(summary.ReplacedCount, "in the place of older ones")}" +
            $"{Also(unusable.Length, "left out")}; {Terminal.TerminalText.OfLine(gallery.Path!)} has {gallery.PhotographCount} of {gallery.PersonCount}");
    }

    /// <summary>Looks at the photographs as --review says, and leaves out those that are refused.</summary>
    /// <returns>What was left out.</returns>
    /// <exception cref="EnrollmentRefusedException">A photograph is refused, and nothing may be left out; or nothing is left.</exception>
    private static List<string> LeaveOutRefused(ToolRun run, FaceGallery gallery, List<FaceToEnroll> faces, List<FaceEmbedding> embeddings)
    {
        IReadOnlyList<EnrollmentVerdict> verdicts = gallery.Review(faces, Enum.Parse<EnrollmentReview>(run.Get(Review)!, ignoreCase: true));
        EnrollmentVerdict[] refused = [.. verdicts.Where(verdict => !verdict.IsAccepted)];
        if (refused.Length > 0 && (!run.Get(SkipUnusable) || refused.Length == faces.Count))
        {
            throw new EnrollmentRefusedException(refused);
        }

        var left = new List<string>();
        for (int place = faces.Count - 1; place >= 0; place--)
        {
            if (!verdicts[place].IsAccepted)
            {
                run.Say($"left out: '{faces[place].Source}': {verdicts[place]}");
                left.Add(faces[place].Source!);
                faces.RemoveAt(place);
                embeddings.RemoveAt(place);
            }
        }

        return left;
    }

    /// <summary>Chooses each person's face among all of their photographs: first where they are alone, then, by these, where they are not.</summary>
    /// <returns>What was left out.</returns>
    /// <exception cref="InvalidOperationException">It is not clear which face is meant, or there is no such face, and nothing may be left out.</exception>
    private static string[] ChooseFaces(ToolRun run, FaceEmbedder embedder, FaceGallery gallery, string[] files, Dictionary<string, string> people, Action<string, FaceEmbedding> hand)
    {
        var found = new List<(string Path, IReadOnlyList<EmbeddedFace> Faces)>();
        List<string> unusable = [.. EmbeddedPhotographs.ForEachFaces(run, embedder, files, run.Get(SkipUnusable), (path, all) => found.Add((path, all)))];
        var choice = new PersonsFace(run, gallery, embedder.Threshold?.Cosine);
        foreach ((string path, IReadOnlyList<EmbeddedFace> all) in found.Where(one => one.Faces.Count == 1))
        {
            choice.Know(people[path], all[0].Embedding);
        }

        foreach ((string path, IReadOnlyList<EmbeddedFace> all) in found)
        {
            string refusal = run.Get(Face) is { } given && given > all.Count ? $"'{path}' shows {all.Count} face{(all.Count == 1 ? "" : "s")}, so that there is no face {given}. --face is a number from 1 to {all.Count}." : "";
            int? face = refusal.Length > 0 ? null : run.Get(Face) - 1 ?? (all.Count == 1 ? 0 : choice.Choose(path, people[path], all, out refusal));
            if (face is { } chosen)
            {
                hand(path, all[chosen].Embedding);
                continue;
            }

            if (!run.Get(SkipUnusable))
            {
                throw new InvalidOperationException(refusal);
            }

            run.Say($"left out: {refusal}");
            unusable.Add(path);
        }

        return unusable.Count < files.Length ? [.. unusable] : throw new InvalidOperationException($"None of the {files.Length} photographs could be used: on none of them the person is known from the others.");
    }

    private static string Also(int count, string what) => count == 0 ? "" : $", {count} {what}";
}

/// <summary>Counts the people and photographs that were added, and those that are there now.</summary>
internal sealed record EnrollFacts(
    string? Gallery, int EnrolledPeople, int EnrolledPhotographs, int AlreadyThere, int Replaced, int SameSource, int SeveralFaces,
    string[] Unusable, long NotAligned, IReadOnlyList<LeftOutFiles> LeftOut, EnrollFacts.Result[] Results, int People, int Photographs) : ToolFacts
{
    /// <summary>Tells what became of a photograph.</summary>
    internal sealed record Result(string Path, string Person, EnrollmentOutcome Outcome, int? Faces, FaceSize? PassedOver, FacePlace? Box)
    {
        public static Result Of(FaceToEnroll face, FaceEnrollment result, FaceEmbedding embedding, bool isChosen) =>
            new(face.Source!, result.PersonId, result.Outcome, embedding.Faces?.Count, FaceSize.Of(isChosen ? null : embedding.PassedOver), FacePlace.Of(embedding.Faces?[0]));
    }
}

/// <summary>Gives the size of a face that was passed over, in pixels.</summary>
internal sealed record FaceSize(float Width, float Height)
{
    public static FaceSize? Of(FaceBox? face) => face is null ? null : new(face.Width, face.Height);
}
