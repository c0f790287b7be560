using System.CommandLine;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface backup: a copy of a gallery in one file.</summary>
internal static class BackupCommand
{
    private const string Description = """
        Copies a gallery that is not open, its log included, into one file, after a look whether it is sound. Neither the model nor the key is needed; an encrypted gallery stays encrypted. Example:
          arcface backup --gallery people.db --output people-backup.db
        """;

    private static readonly Option<FileInfo> Gallery = FileOptions.Existing(FileOptions.Gallery());
    private static readonly Option<FileInfo> Output = new("--output") { Description = "The copy, which appears when it is whole.", HelpName = "FILE", Required = true };
    private static readonly Option<bool> Overwrite = new("--overwrite") { Description = "Put the copy in the place of a file that is there. Default: it is refused." };

    public static Command Create()
    {
        var command = new Command("backup", Description) { Gallery, Output, Overwrite };
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        (string path, string output) = (run.Need(Gallery).FullName, run.Need(Output).FullName);
        FaceGallery.Backup(path, output, run.Get(Overwrite));
        long bytes = new FileInfo(output).Length;
        return new ToolAnswer(new BackupFacts(path, output, bytes), $"Copied {Terminal.TerminalText.OfLine(path)} to {Terminal.TerminalText.OfLine(output)} ({bytes} bytes); keep it as carefully as the gallery");
    }
}

/// <summary>Tells where the copy of a gallery is.</summary>
internal sealed record BackupFacts(string Gallery, string Output, long Bytes) : ToolFacts;
