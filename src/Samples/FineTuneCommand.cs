using System.CommandLine;
using Microsoft.ML.ArcFace.Samples.Support;

namespace Microsoft.ML.ArcFace.Samples;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>The command line of <see cref="FineTune"/>.</summary>
internal static class FineTuneCommand
{
    private const string Description = """
        Fine-tunes a published network on a data set of InsightFace, verifies it, and writes it for ML.NET and as ONNX.
        The sample Pack makes such a data set from folders. Examples:
          FineTune --data faces_emore --weights backbone.pth --backbone r50 --output faces.zip --onnx faces.onnx
          FineTune --data packed --weights backbone.pth --backbone mbf --verify packed/test.bin --freeze 2 --epochs 5
        With --checkpoints the run can be stopped with Ctrl+C at any time; the same command goes on where it was.
        """;

    public static Command Create()
    {
        var data = new Option<DirectoryInfo>("--data") { Description = "A folder with train.rec, and as far as there are train.idx, property and lfw.bin.", HelpName = "DIR", Required = true };
        var weights = new Option<FileInfo>("--weights") { Description = "Where to start: weights of PyTorch (.pth, .pt) or safetensors.", HelpName = "FILE", Required = true };
        Option<BackboneName> backbone = BackboneOption.Create("That of --weights.", required: true);
        var verify = new Option<FileInfo?>("--verify") { Description = "Pairs to verify, a .bin. Default: lfw.bin in --data.", HelpName = "FILE" };
        Option<int?> folds = NumberOption.Whole("--folds", "In how many folds the pairs come. Default 10, as in lfw.bin", 2, 1000, example: 10);
        Option<int?> freeze = NumberOption.Whole("--freeze", "How many of the network's four stages keep their weights. Default 0", 0, 4, example: 2);
        Option<int?> epochs = NumberOption.Whole("--epochs", "How often training sees every picture. Default: as many as the size of the set asks for", 1, 1000, example: 5);
        Option<int?> seed = NumberOption.Whole("--seed", "Start of all random numbers. Default 1", 0, int.MaxValue, example: 1);
        var checkpoints = new Option<DirectoryInfo?>("--checkpoints") { Description = "A folder for checkpoints, from which the same command goes on after it was stopped.", HelpName = "DIR" };
        Option<int?> checkpointEvery = NumberOption.Whole("--checkpoint-every", "Steps from checkpoint to checkpoint. Default: one every 5 minutes", 1, int.MaxValue, example: 1000);
        var output = new Option<FileInfo>("--output") { Description = "Where the model goes, for ML.NET.", HelpName = "FILE", DefaultValueFactory = _ => new FileInfo("faces.zip") };
        var onnx = new Option<FileInfo>("--onnx") { Description = "Where the ONNX file goes.", HelpName = "FILE", DefaultValueFactory = _ => new FileInfo("faces.onnx") };
        var command = new Command("FineTune", Description) { data, weights, backbone, verify, folds, freeze, epochs, seed, checkpoints, checkpointEvery, output, onnx };
        command.Validators.Add(result =>
        {
            // Options that were not given are reported by themselves.
            if (result.GetValue(data) is { } folder && !File.Exists(RecordsOf(folder)))
            {
                result.AddError($"--data is '{folder}', which has no train.rec; give a data set of InsightFace, or make one: Pack --data FOLDER --output '{folder}'.");
            }

            if (result.GetValue(weights) is { Exists: false } missing)
            {
                result.AddError($"--weights is '{missing}', which is not a file; give a .pth, .pt or .safetensors file.");
            }

            if (result.GetValue(checkpointEvery) is not null && result.GetValue(checkpoints) is null)
            {
                result.AddError("--checkpoint-every needs a folder to write to; give one with --checkpoints DIR.");
            }

            if (result.GetValue(data) is { } set && !File.Exists(PairsOf(set, result.GetValue(verify))))
            {
                result.AddError($"The pairs '{PairsOf(set, result.GetValue(verify))}' do not exist; give a .bin with --verify.");
            }
        });
        command.SetSample((parsed, cancellationToken) =>
        {
            using var display = new ProgressDisplay();
            FineTune.Run(
                new FineTuneSettings
                {
                    Records = RecordsOf(parsed.GetRequiredValue(data)),
                    Weights = parsed.GetRequiredValue(weights).FullName,
                    Backbone = parsed.GetRequiredValue(backbone),
                    Verify = PairsOf(parsed.GetRequiredValue(data), parsed.GetValue(verify)),
                    Folds = parsed.GetValue(folds) ?? 10,
                    FrozenStages = parsed.GetValue(freeze) ?? 0,
                    Epochs = parsed.GetValue(epochs),
                    Seed = parsed.GetValue(seed) ?? 1,
                    Checkpoints = parsed.GetValue(checkpoints)?.FullName,
                    CheckpointEverySteps = parsed.GetValue(checkpointEvery),
                    Output = parsed.GetRequiredValue(output).FullName,
                    Onnx = parsed.GetRequiredValue(onnx).FullName,
                    Verbose = parsed.GetValue(SampleCommand.Verbose),
                },
                display.Show,
                cancellationToken);
        });
        return command;
    }

    private static string RecordsOf(DirectoryInfo data) => Path.Combine(data.FullName, "train.rec");

    private static string PairsOf(DirectoryInfo data, FileInfo? verify) => verify?.FullName ?? Path.Combine(data.FullName, "lfw.bin");
}
