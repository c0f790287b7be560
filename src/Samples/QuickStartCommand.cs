using System.CommandLine;
using Microsoft.ML.ArcFace.Samples.Support;

namespace Microsoft.ML.ArcFace.Samples;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>The command line of <see cref="QuickStart"/>.</summary>
internal static class QuickStartCommand
{
    private const string Description = """
        Trains on some people, saves the model, loads it in a second process and verifies people it has never seen.

        Without --data it draws the faces itself: nothing is downloaded. Examples:
          QuickStart
          QuickStart --short --report report.html
          QuickStart --data faces/train --test faces/test --pairs faces/pairs.txt --backbone mbf --epochs 20
        """;

    public static Command Create()
    {
        var data = new Option<DirectoryInfo?>("--data") { Description = "Photographs to train on: one folder a person, faces aligned as for ArcFace (112×112).", HelpName = "DIR" };
        var test = new Option<DirectoryInfo?>("--test") { Description = "Photographs of other people to verify, one folder a person. Without it every fifth person of --data is held out.", HelpName = "DIR" };
        var pairs = new Option<FileInfo?>("--pairs") { Description = "The pairs of --test to verify, in the format of LFW's pairs.txt.", HelpName = "FILE" };
        Option<BackboneName> backbone = BackboneOption.Create("The network.");
        Option<int?> epochs = NumberOption.Whole("--epochs", "How often training sees every picture", 1, 1000, example: 20);
        Option<int?> seed = NumberOption.Whole("--seed", "Start of all random numbers; the same seed gives the same run. Default 1", 0, int.MaxValue, example: 1);
        var output = new Option<FileInfo>("--output") { Description = "Where the model goes.", HelpName = "FILE", DefaultValueFactory = _ => new FileInfo("quickstart.zip") };
        var report = new Option<FileInfo?>("--report") { Description = "Write what the verification found as one HTML file: curves, the worst pairs as pictures, people.", HelpName = "FILE" };
        var checkpoints = new Option<DirectoryInfo?>("--checkpoints") { Description = "A folder for checkpoints of the training, from which the same command goes on.", HelpName = "DIR" };
        var brief = new Option<bool>("--short") { Description = "About a minute: fewer people and epochs. It shows that the parts work together, not what training gives: the accuracy stays near that of guessing." };

        var command = new Command("QuickStart", Description) { data, test, pairs, backbone, epochs, seed, output, report, checkpoints, brief };
        foreach (Option<DirectoryInfo?> folder in (ReadOnlySpan<Option<DirectoryInfo?>>)[data, test])
        {
            folder.Validators.Add(result =>
            {
                if (result.GetValue(folder) is { Exists: false } missing)
                {
                    result.AddError($"{folder.Name} is '{missing}', which is not a folder; give one that holds one folder a person.");
                }
            });
        }

        pairs.Validators.Add(result =>
        {
            if (result.GetValue(pairs) is { Exists: false } missing)
            {
                result.AddError($"--pairs is '{missing}', which is not a file; give a text file in the format of LFW's pairs.txt.");
            }
        });
        command.Validators.Add(result =>
        {
            bool hasTest = result.GetValue(test) is not null;
            if (hasTest != result.GetValue(pairs) is not null)
            {
                result.AddError($"{(hasTest ? "--test" : "--pairs")} was given alone; --test (the photographs) and --pairs (which of them to compare) go together.");
            }

            if (hasTest && result.GetValue(data) is null)
            {
                result.AddError("--test and --pairs were given without --data; add --data DIR with the people to train on.");
            }
        });
        command.SetSample((parsed, cancellationToken) => QuickStart.Run(
            new QuickStartSettings
            {
                Data = parsed.GetValue(data)?.FullName,
                Test = parsed.GetValue(test)?.FullName,
                Pairs = parsed.GetValue(pairs)?.FullName,
                Backbone = parsed.GetValue(backbone),
                Epochs = parsed.GetValue(epochs),
                Seed = parsed.GetValue(seed) ?? 1,
                Output = parsed.GetRequiredValue(output).FullName,
                Report = parsed.GetValue(report)?.FullName,
                Checkpoints = parsed.GetValue(checkpoints)?.FullName,
                Short = parsed.GetValue(brief),
                Verbose = parsed.GetValue(SampleCommand.Verbose),
            },
            cancellationToken));
        return command;
    }
}

/// <summary>The options of QuickStart, checked; paths are full paths.</summary>
internal sealed record QuickStartSettings
{
    public string? Data { get; init; }

    public string? Test { get; init; }

    public string? Pairs { get; init; }

    public required BackboneArchitecture Backbone { get; init; }

    public int? Epochs { get; init; }

    public required int Seed { get; init; }

    public required string Output { get; init; }

    public string? Report { get; init; }

    public string? Checkpoints { get; init; }

    public bool Short { get; init; }

    public bool Verbose { get; init; }
}
