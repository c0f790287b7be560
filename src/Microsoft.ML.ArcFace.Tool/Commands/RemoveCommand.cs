using System.CommandLine;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface remove: people out of a gallery, from the bytes of its file too.</summary>
internal static class RemoveCommand
{
    private const string Description = """
        Removes people with all their photographs from a gallery, and from the bytes of its file. Exit code 3 if nobody was there. Example:
          arcface remove --model faces.zip --gallery people.db --person "Ada Lovelace"
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Option<FileInfo> Gallery = FileOptions.Existing(FileOptions.Gallery());
    private static readonly Option<FileInfo> KeyFile = FileOptions.KeyFile();
    private static readonly Option<string[]> People = new("--person") { Description = "Who; may be given several times.", HelpName = "ID", Required = true };

    public static Command Create()
    {
        var command = new Command("remove", Description) { Model, Gallery, KeyFile, People };
        command.Answer(Run, stopped: "Nobody was removed.");
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        using FaceEmbedder embedder = EmbedderFile.Open(run, Model);
        using FaceGallery gallery = GalleryFile.Open(run, embedder, Gallery, KeyFile, new FaceGalleryOptions { CreateIfMissing = false });
        HashSet<string> known = [.. gallery.GetPeople().Select(person => person.Id)];
        int removed = gallery.Remove([.. run.Need(People).Select(person => known.Contains(person) ? person : PersonName.Trimmed(run, person)!)]);
        return new ToolAnswer(
            new RemoveFacts(gallery.Path, RemovedPeople: removed, People: gallery.PersonCount, Photographs: gallery.PhotographCount),
            $"Removed {Counted.People(removed)}; {Terminal.TerminalText.OfLine(gallery.Path!)} has {gallery.PersonCount}",
            removed > 0 ? ExitCode.Done : ExitCode.No);
    }
}

/// <summary>Counts the people who were removed, and those who are still there.</summary>
internal sealed record RemoveFacts(string? Gallery, int RemovedPeople, int People, int Photographs) : ToolFacts;
