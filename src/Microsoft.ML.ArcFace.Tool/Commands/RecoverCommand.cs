using System.CommandLine;
using System.Globalization;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface recover: what is sound in a damaged gallery, as a new one.</summary>
internal static class RecoverCommand
{
    private const int Shown = 20;

    private const string Description = """
        Reads out of a damaged gallery what is sound, and makes a new gallery of it; the damaged file is left as it is. Exit code 3 if something is lost. Example:
          arcface recover --gallery damaged.db --output people.db
        """;

    private static readonly Option<FileInfo> Gallery = FileOptions.Existing(FileOptions.Gallery());
    private static readonly Option<FileInfo> Output = new("--output") { Description = "The new gallery, which must not be there yet.", HelpName = "FILE", Required = true };
    private static readonly Option<FileInfo> KeyFile = FileOptions.KeyFile();

    public static Command Create()
    {
        var command = new Command("recover", Description) { Gallery, Output, KeyFile };
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        (string path, string output) = (run.Need(Gallery).FullName, run.Need(Output).FullName);
        RecoveredGallery found = FaceGallery.Recover(path, output, Terminal.KeyFile.Read(run.Get(KeyFile)));
        return new ToolAnswer(
            new RecoverFacts(path, output, found.PersonCount, found.PhotographCount, found.ExpectedPersonCount, found.ExpectedPhotographCount, found.Lost),
            string.Join(Environment.NewLine,
            [
                .. found.Lost.Take(Shown).Select(Names.ShownName.Of),
                .. found.Lost.Count > Shown ? (string[])[$"… and {found.Lost.Count - Shown} more (--json lists all)"] : [],
                $"{Names.ShownName.Of(output)}: {Of(found.PhotographCount, found.ExpectedPhotographCount)} photographs of {Of(found.PersonCount, found.ExpectedPersonCount)} people; {(found.Lost.Count == 0 ? "nothing is lost" : "enroll again what is lost")}",
            ]),
            found.Lost.Count == 0 ? ExitCode.Done : ExitCode.No);
    }

    private static string Of(int count, long? expected) =>
        expected is { } all && all != count ? string.Create(CultureInfo.InvariantCulture, $"{count} of {all}") : count.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Tells what was read out of a damaged gallery; the expected counts are null where the file does not say them.</summary>
internal sealed record RecoverFacts(string Gallery, string Output, int People, int Photographs, long? ExpectedPeople, long? ExpectedPhotographs, IReadOnlyList<string> Lost) : ToolFacts;
