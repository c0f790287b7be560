using System.CommandLine;
using Microsoft.ML.ArcFace.Samples.Support;

namespace Microsoft.ML.ArcFace.Samples;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>The command line of <see cref="AngularMargin"/>.</summary>
internal static class AngularMarginCommand
{
    private const string Description = """
        Draws Figures 3, 4 and 5 of the ArcFace paper from eight drawn people: what an angular margin does.

        Nothing is downloaded. Example:
          AngularMargin --output figures
        """;

    public static Command Create()
    {
        var output = new Option<DirectoryInfo>("--output") { Description = "Where the figures go, as SVG and PNG.", HelpName = "DIR", DefaultValueFactory = _ => new DirectoryInfo("angular-margin") };
        Option<int?> pictures = NumberOption.Whole("--pictures", "Pictures of each person. Default 16", 4, 1000, example: 16);
        Option<int?> epochs = NumberOption.Whole("--epochs", "How often training sees every picture. Default 30", 1, 1000, example: 30);
        Option<int?> seed = NumberOption.Whole("--seed", "Start of all random numbers. Default 1", 0, int.MaxValue, example: 1);
        var command = new Command("AngularMargin", Description) { output, pictures, epochs, seed };
        command.SetSample((parsed, cancellationToken) => AngularMargin.Run(
            new AngularMarginSettings(parsed.GetRequiredValue(output).FullName, parsed.GetValue(pictures) ?? 16, parsed.GetValue(epochs) ?? 30, parsed.GetValue(seed) ?? 1),
            cancellationToken));
        return command;
    }
}

/// <summary>The options of AngularMargin, checked; the path is a full path.</summary>
internal sealed record AngularMarginSettings(string Output, int Pictures, int Epochs, int Seed)
{
    public double? LearningRate { get; init; }
}
