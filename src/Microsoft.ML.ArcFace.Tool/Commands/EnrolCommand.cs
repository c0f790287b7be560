using System.CommandLine;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface enrol: people into a gallery.</summary>
internal static class EnrolCommand
{
    private const string Description = """
        Adds people to a gallery; all photographs or none. Examples:
          arcface enrol --model faces.zip --gallery people.db --data faces/known
          arcface enrol --model faces.zip --gallery people.db --person "Ada Lovelace" ada-1.jpg ada-2.jpg
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Option<FileInfo> Gallery = FileOptions.Gallery();
    private static readonly Option<FileInfo> KeyFile = FileOptions.KeyFile();
    private static readonly Option<DirectoryInfo> Data = FileOptions.People("Whom to enrol", isRequired: false);
    private static readonly Option<string?> Person = new("--person") { Description = "Instead of --data: who is on the photographs.", HelpName = "ID" };
    private static readonly Option<bool> SkipUnusable = new("--skip-unusable") { Description = "Leave out photographs that cannot be read or show no face, and count them." };
    private static readonly Argument<FileSystemInfo[]> Photographs = FileOptions.Photographs("With --person: their photographs.");

    public static Command Create()
    {
        Photographs.Arity = ArgumentArity.ZeroOrMore;
        var command = new Command("enrol", Description) { Model, Gallery, KeyFile, Data, Person, SkipUnusable, Photographs, AlignedPhotographs.Required, ToolCommand.Gpu };
        command.Validators.Add(result =>
        {
            bool ofOne = result.GetValue(Person) is not null;
            if (ofOne == result.GetValue(Data) is not null || ofOne != result.GetValue(Photographs) is { Length: > 0 })
            {
                result.AddError("Give either --data DIR with one folder a person, or --person ID and photographs.");
            }
        });
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        using FaceEmbedder embedder = EmbedderFile.Open(run, Model);
        using FaceGallery gallery = GalleryFile.Open(run, embedder, Gallery, KeyFile, createIfMissing: true);
        Dictionary<string, string> people = run.Get(Person) is { } person
            ? FileOptions.Files(run.Need(Photographs)).ToDictionary(path => path, _ => person)
            : LabelledPhotographs.Of(run.CreateContext(), run.Need(Data));
        var faces = new List<FaceToEnrol>();
        string[] unusable = EmbeddedPhotographs.ForEach(run, embedder, [.. people.Keys], run.Get(SkipUnusable), (path, vector) => faces.Add(new FaceToEnrol(people[path], vector) { Source = path }));
        gallery.Enrol(faces);
        int enrolled = faces.Select(face => face.PersonId).Distinct(StringComparer.Ordinal).Count();
        return new ToolAnswer(
            new { gallery = gallery.Path, enrolledPeople = enrolled, enrolledPhotographs = faces.Count, unusable, people = gallery.PersonCount, photographs = gallery.PhotographCount, notAligned = embedder.UnalignedImageCount },
            $"Enrolled {faces.Count} photographs of {enrolled} people; {gallery.Path} has {gallery.PhotographCount} of {gallery.PersonCount}");
    }
}
