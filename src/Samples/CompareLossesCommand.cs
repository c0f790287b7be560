using System.CommandLine;
using System.Globalization;
using Microsoft.ML.ArcFace.Samples.Support;

namespace Microsoft.ML.ArcFace.Samples;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>The command line of <see cref="CompareLosses"/>.</summary>
internal static class CompareLossesCommand
{
    private const string Description = """
        Trains the same network with each loss of the ArcFace paper's Table 2, and the later ones, and compares them on people
        never seen in training. A run that was stopped goes on where it stopped. Examples:
          CompareLosses --data faces/train --test faces/test --pairs faces/pairs.txt --epochs 10
          CompareLosses --data faces --losses ArcFace-0.5,CosFace-0.35 --output results
        """;

    public static Command Create()
    {
        string names = string.Join(", ", ComparedLosses.All.Select(loss => loss.Name));
        var data = new Option<DirectoryInfo>("--data") { Description = "Photographs to train on: one folder a person, faces aligned as for ArcFace (112×112).", HelpName = "DIR", Required = true };
        var test = new Option<DirectoryInfo?>("--test") { Description = "Photographs of other people to verify. Without it every fifth person of --data is held out.", HelpName = "DIR" };
        var pairs = new Option<FileInfo?>("--pairs") { Description = "The pairs of --test to verify, in the format of LFW's pairs.txt.", HelpName = "FILE" };
        var losses = new Option<string?>("--losses") { Description = $"Some of the losses, with commas between: {names}. Default all.", HelpName = "NAMES" };
        Option<BackboneName> backbone = BackboneOption.Create("The network.");
        Option<int?> epochs = NumberOption.Whole("--epochs", "How often training sees every picture. Default 10", 1, 1000, example: 10);
        Option<int?> seed = NumberOption.Whole("--seed", "Start of all random numbers. Default 1", 0, int.MaxValue, example: 1);
        var output = new Option<DirectoryInfo>("--output") { Description = "Where results go, a file a loss and losses.json.", HelpName = "DIR", DefaultValueFactory = _ => new DirectoryInfo("compare-losses") };

        var command = new Command("CompareLosses", Description) { data, test, pairs, losses, backbone, epochs, seed, output };
        command.Validators.Add(result =>
        {
            foreach (FileSystemInfo? missing in (FileSystemInfo?[])[result.GetValue(data), result.GetValue(test), result.GetValue(pairs)])
            {
                if (missing is { Exists: false })
                {
                    result.AddError($"'{missing}' does not exist; --data and --test take a folder with one folder a person, --pairs a file.");
                }
            }

            if (result.GetValue(test) is null != result.GetValue(pairs) is null)
            {
                result.AddError("--test (the photographs) and --pairs (which of them to compare) go together; give both or neither.");
            }

            foreach (string unknown in Names(result.GetValue(losses)).Where(name => !ComparedLosses.All.Any(loss => IsNamed(loss.Name, name))))
            {
                result.AddError($"--losses names '{unknown}'; it must be some of {names}.");
            }
        });
        command.SetSample((parsed, cancellationToken) =>
        {
            string[] chosen = Names(parsed.GetValue(losses));
            CompareLosses.Run(
                new CompareLossesSettings
                {
                    Data = parsed.GetRequiredValue(data).FullName,
                    Test = parsed.GetValue(test)?.FullName,
                    Pairs = parsed.GetValue(pairs)?.FullName,
                    Losses = [.. ComparedLosses.All.Where(loss => chosen.Length == 0 || chosen.Any(name => IsNamed(loss.Name, name)))],
                    Backbone = parsed.GetValue(backbone),
                    Epochs = parsed.GetValue(epochs) ?? 10,
                    Seed = parsed.GetValue(seed) ?? 1,
                    Output = parsed.GetRequiredValue(output).FullName,
                    Verbose = parsed.GetValue(SampleCommand.Verbose),
                },
                cancellationToken);
        });
        return command;
    }

    private static string[] Names(string? list) => list?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static bool IsNamed(string name, string given) => name.Equals(given, StringComparison.OrdinalIgnoreCase);
}

/// <summary>The options of CompareLosses, checked; paths are full paths.</summary>
internal sealed record CompareLossesSettings
{
    public required string Data { get; init; }

    public string? Test { get; init; }

    public string? Pairs { get; init; }

    public required IReadOnlyList<(string Name, FaceLoss Loss)> Losses { get; init; }

    public required BackboneArchitecture Backbone { get; init; }

    public required int Epochs { get; init; }

    public required int Seed { get; init; }

    public required string Output { get; init; }

    public bool Verbose { get; init; }

    /// <summary>What results must have in common to stand in one table.</summary>
    public string Key => string.Create(CultureInfo.InvariantCulture,
        $"{Path.GetFileName(Data)}, {(Pairs is null ? "every fifth person held out" : Path.GetFileName(Pairs))}, {Backbone}, {Epochs} epochs, seed {Seed}");
}
