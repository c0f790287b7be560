using System.CommandLine;
using Microsoft.ML.ArcFace.Samples.Support;

namespace Microsoft.ML.ArcFace.Samples;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>The command line of <see cref="ExperimentWithLosses"/>.</summary>
internal static class ExperimentWithLossesCommand
{
    private const string Description = """
        Searches for the loss, margin, scale and learning rate that suit your photographs, judged by people not trained on, and
        saves the best model. With --cache a search that was stopped goes on where it stopped. Examples:
          ExperimentWithLosses
          ExperimentWithLosses --data faces --trials 27 --epochs 27 --minutes 120 --cache search --output faces.zip
        """;

    public static Command Create()
    {
        var data = new Option<DirectoryInfo?>("--data") { Description = "Photographs: one folder a person, faces aligned as for ArcFace (112×112). Without it people are drawn.", HelpName = "DIR" };
        Option<int?> trials = NumberOption.Whole("--trials", "How many points of the search space are tried. Default 9", 1, 10_000, example: 27);
        Option<int?> epochs = NumberOption.Whole("--epochs", "How often the best trials see every picture. Default 18", 1, 1000, example: 27);
        Option<int?> minutes = NumberOption.Whole("--minutes", "When to stop with the best so far. Default: when all trials are done", 1, 60_000, example: 120);
        var cache = new Option<DirectoryInfo?>("--cache") { Description = "Where finished trials are kept. Default: nowhere.", HelpName = "DIR" };
        Option<int?> seed = NumberOption.Whole("--seed", "Start of all random numbers. Default 1", 0, int.MaxValue, example: 1);
        var output = new Option<FileInfo>("--output") { Description = "Where the best model goes.", HelpName = "FILE", DefaultValueFactory = _ => new FileInfo("faces.zip") };
        var command = new Command("ExperimentWithLosses", Description) { data, trials, epochs, minutes, cache, seed, output };
        command.Validators.Add(result =>
        {
            if (result.GetValue(data) is { Exists: false } missing)
            {
                result.AddError($"--data is '{missing}', which does not exist; give a folder with one folder a person.");
            }

            if (result.GetValue(cache) is not null && result.GetValue(data) is null)
            {
                result.AddError("--cache keeps the trials of photographs of your own; give them with --data.");
            }
        });
        command.SetSample((parsed, cancellationToken) => ExperimentWithLosses.Run(
            new ExperimentWithLossesSettings
            {
                Data = parsed.GetValue(data)?.FullName,
                Trials = parsed.GetValue(trials) ?? 9,
                Epochs = parsed.GetValue(epochs) ?? 18,
                MaxTime = parsed.GetValue(minutes) is { } limit ? TimeSpan.FromMinutes(limit) : null,
                Cache = parsed.GetValue(cache)?.FullName,
                Seed = parsed.GetValue(seed) ?? 1,
                Output = parsed.GetRequiredValue(output).FullName,
                Verbose = parsed.GetValue(SampleCommand.Verbose),
            },
            cancellationToken));
        return command;
    }
}
