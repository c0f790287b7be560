using System.CommandLine;
using System.Globalization;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Service;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface keys: who may use the service?</summary>
internal static class KeysCommand
{
    private const string Description = """
        Lists, makes and revokes the keys of a service. A key is shown once; the file keeps its hash. Examples:
          arcface keys --keys keys.json --add kiosk --rights identify
          arcface keys --keys keys.json --revoke 3f2a91c04b7d
          arcface keys --keys keys.json
        """;

    private static readonly Option<FileInfo> Keys = new("--keys") { Description = "The file of keys; it is made with the first one.", HelpName = "FILE", Required = true };
    private static readonly Option<string?> Add = new("--add") { Description = "Make a key, for whom this says.", HelpName = "NAME" };
    private static readonly Option<string[]> Rights = new("--rights") { Description = "What the new key allows; administer allows all.", HelpName = "RIGHT", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
    private static readonly Option<string?> Revoke = new("--revoke") { Description = "Revoke the key with this id.", HelpName = "ID" };

    static KeysCommand() => Rights.AcceptOnlyFromAmong(ServiceKeyFile.RightNames);

    public static Command Create()
    {
        var command = new Command("keys", Description) { Keys, Add, Rights, Revoke };
        command.Validators.Add(result =>
        {
            if (result.GetValue(Add) is { } && result.GetValue(Revoke) is { })
            {
                result.AddError("--add and --revoke are both given. Give one of them.");
            }

            if (result.GetValue(Add) is null != (result.GetValue(Rights) is null or []))
            {
                result.AddError($"--add NAME and --rights ({string.Join(", ", ServiceKeyFile.RightNames)}) belong together.");
            }

            if (result.GetValue(Add) is { } name && string.IsNullOrWhiteSpace(name))
            {
                result.AddError("--add is empty. Say whose key it is.");
            }
        });
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        // Behind a link lies the file that a service reads; the turn lasts from reading to writing, so that no other command's change is lost.
        FileInfo given = run.Need(Keys);
        string path = given.LinkTarget is null ? given.FullName : given.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        using FolderLock? turn = (run.Get(Add) ?? run.Get(Revoke)) is null || !Directory.Exists(Path.GetDirectoryName(path)) ? null : FolderLock.Take(Path.GetDirectoryName(path)!);
        bool isThere = Path.Exists(path);
        ServiceKeyFile file = isThere ? ServiceKeyFile.Read(path) : new ServiceKeyFile([]);
        if (run.Get(Add) is { } name)
        {
            (ServiceKeyFile with, ServiceKey key, string secret) = file.Make(name, run.Get(Rights)!, run.Clock.GetUtcNow());
            with.Write(path);
            run.Say($"The key {key.Id} of {name} is below. Keep it: it is shown this once.");
            return new ToolAnswer(KeysFacts.Of(path, with) with { Key = secret }, secret);
        }

        if (!isThere)
        {
            MissingFile.ThrowIfAbsent("The file of keys", path, "Make it with a first key: arcface keys --add NAME --rights identify.");
        }

        if (run.Get(Revoke) is { } id)
        {
            if (file.Revoke(id, run.Clock.GetUtcNow()) is not { } without)
            {
                return new ToolAnswer(KeysFacts.Of(path, file), $"There is no key '{TerminalText.OfLine(id)}' in force; arcface keys --keys {TerminalText.OfLine(path)} lists them.", ExitCode.No);
            }

            without.Write(path);
            return new ToolAnswer(KeysFacts.Of(path, without), $"Revoked {TerminalText.OfLine(id)}; a service that runs knows it within a second.");
        }

        return new ToolAnswer(KeysFacts.Of(path, file), file.Keys.Count == 0 ? "There are no keys." : string.Join(Environment.NewLine, file.Keys.Select(Describe)));
    }

    private static string Describe(ServiceKey key) => string.Create(CultureInfo.InvariantCulture,
        $"{TerminalText.OfLine(key.Id)}  {key.MadeAt.UtcDateTime:yyyy-MM-dd HH:mm}  {string.Join(' ', key.Rights)}  {TerminalText.OfLine(key.Name)}{(key.RevokedAt is { } revoked ? string.Create(CultureInfo.InvariantCulture, $"  (revoked {revoked.UtcDateTime:yyyy-MM-dd HH:mm})") : "")}");
}

/// <summary>Lists keys without their hashes.</summary>
/// <param name="File">The file.</param>
/// <param name="Keys">The keys.</param>
internal sealed record KeysFacts(string File, IReadOnlyList<KeysFacts.Listed> Keys) : ToolFacts
{
    /// <summary>The new key itself; null: none was made.</summary>
    public string? Key { get; init; }

    public static KeysFacts Of(string path, ServiceKeyFile file) => new(path, [.. file.Keys.Select(key => new Listed(key.Id, key.Name, key.Rights, key.MadeAt, key.RevokedAt))]);

    /// <summary>Describes a key.</summary>
    internal sealed record Listed(string Id, string Name, IReadOnlyList<string> Rights, DateTimeOffset MadeAt, DateTimeOffset? RevokedAt);
}
