using System.CommandLine;
using System.Globalization;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface people: who is in a gallery?</summary>
internal static class PeopleCommand
{
    private const string Description = """
        Lists the people of a gallery and their photographs. The model is not needed. Examples:
          arcface people --gallery people.db
          arcface people --gallery people.db --key-file gallery.key --json
        """;

    private static readonly Option<FileInfo> Gallery = FileOptions.Existing(FileOptions.Gallery());
    private static readonly Option<FileInfo> KeyFile = FileOptions.KeyFile();

    public static Command Create()
    {
        var command = new Command("people", Description) { Gallery, KeyFile };
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        string path = run.Need(Gallery).FullName;
        GalleryContents contents = FaceGallery.Read(path, Microsoft.ML.ArcFace.Terminal.KeyFile.Read(run.Get(KeyFile)));
        return new ToolAnswer(
            new PeopleFacts(path, contents.Fingerprint, contents.EmbeddingSize, contents.IsEncrypted, contents.People),
            contents.People.Count == 0 ? $"{TerminalText.OfLine(path)} is empty: nobody is enrolled in it (arcface enroll adds people)." : string.Join(Environment.NewLine, [.. contents.People.Select(Describe), Summary(path, contents)]));
    }

    private static string Describe(GalleryPerson person) => string.Join(Environment.NewLine,
    [
        TerminalText.OfLine(person.Name == person.Id ? person.Id : $"{person.Id} ({person.Name})"),
        .. person.Photographs.Select(photograph => string.Create(CultureInfo.InvariantCulture, $"  {photograph.EnrolledAt.UtcDateTime:yyyy-MM-dd HH:mm}  {(photograph.Source is { } source ? TerminalText.OfLine(source) : "no source was given")}")),
    ]);

    private static string Summary(string path, GalleryContents contents) =>
        $"{TerminalText.OfLine(path)}: {Counted.Of(contents.People.Sum(person => person.Photographs.Count), "photograph")} of {Counted.People(contents.People.Count)}, for the model {contents.Fingerprint[..Math.Min(12, contents.Fingerprint.Length)]}, {(contents.IsEncrypted ? "encrypted" : "not encrypted")}; times are UTC";
}

/// <summary>Lists the people of a gallery.</summary>
internal sealed record PeopleFacts(string Gallery, string Fingerprint, int EmbeddingSize, bool Encrypted, IReadOnlyList<GalleryPerson> People) : ToolFacts;
