using System.CommandLine;
using System.Globalization;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface calibrate: a threshold from data, kept in the model.</summary>
internal static class CalibrateCommand
{
    private const string Description = """
        Chooses the threshold at which at most a given share of pairs of different people is accepted, and keeps it in the model.
        verify and identify go by it. Use people whom the model was not trained on. Examples:
          arcface calibrate --model faces.zip --data faces/test --rate 0.001
          arcface calibrate --model faces.zip --data faces/test --pairs pairs.txt --rate 0.01 --output calibrated.zip
        """;

    /// <summary>The size of gallery that the answer tells a threshold for.</summary>
    private const int GalleryExample = 100;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Option<DirectoryInfo> Data = FileOptions.People("Whom to calibrate on");
    private static readonly Option<double?> Rate = NumberOption.Real("--rate", "The false match rate: how many strangers may pass. It takes 10/rate pairs of different people. Default 0.001", "over 0, below 1", value => value is > 0 and < 1, 0.001);
    private static readonly Option<FileInfo> Output = new("--output") { Description = "Where the calibrated model goes. Default: it replaces --model.", HelpName = "FILE" };

    private static readonly Option<bool> AllowTrainingPeople = new("--allow-training-people") { Description = "Calibrate although the model was trained on some of the people. More strangers will pass than --rate says." };
    private static readonly Option<bool> SkipUnusable = EmbeddedPhotographs.SkipUnusable();

    public static Command Create()
    {
        var command = new Command("calibrate", Description) { Model, Data, ComparedPairs.File, ComparedPairs.PicturePattern, ComparedPairs.Encoding, Rate, Output, AllowTrainingPeople, SkipUnusable, AlignedPhotographs.Required, ToolCommand.Gpu, ToolCommand.Threads };
        command.Answer(Run, stopped: "The model is as it was.");
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        string output = (run.Get(Output) ?? run.Need(Model)).FullName;
        ModelFile.CheckWritable(output);
        using LoadedModel model = LoadedModel.Load(run, run.Need(Model).FullName, seed: 1);
        (UsablePhotographs photographs, IDataView embedded) = model.Embed(run, run.Need(Data), run.Get(SkipUnusable));
        IReadOnlyList<FacePair> pairs = ComparedPairs.Read(run, model, photographs, Data, folds: 2);
        VerificationThreshold threshold = Calibrate(run, model.Faces, embedded, pairs);
        run.CancellationToken.ThrowIfCancellationRequested();
        ITransformer calibrated = model.Model.WithThreshold(threshold);
        using (calibrated as IDisposable)
        {
            model.Faces.SaveModel(calibrated, model.InputSchema, output);
        }

        return new ToolAnswer(
            new CalibrateFacts(
                output, threshold.Verdict.ToString(), threshold.Cosine, threshold.LowerCosine, threshold.UpperCosine,
                threshold.TargetFalseMatchRate, threshold.FalseMatchRate, threshold.FalseNonMatchRate,
                threshold.GenuinePairCount, threshold.ImpostorPairCount, threshold.PersonCount, threshold.TrainedOnPeople, model.NotAligned, photographs.Unusable, run.LeftOut),
            $"{TerminalText.OfLine(output)}: {Text(threshold)}");
    }

    /// <summary>Tells what a threshold means for two photographs, and which one a gallery asks for in its place.</summary>
    public static string Text(VerificationThreshold threshold) => string.Create(CultureInfo.InvariantCulture,
        $"{threshold.Verdict}{Environment.NewLine}{threshold}{Environment.NewLine}" +
        $"That is for two photographs. A gallery asks for more, so that a whole search keeps the rate: a cosine over {threshold.ForGallerySize(GalleryExample).Cosine:0.0000} among {GalleryExample} photographs.");

    private static VerificationThreshold Calibrate(ToolRun run, FaceRecognitionCatalog faces, IDataView embedded, IReadOnlyList<FacePair> pairs)
    {
        try
        {
            return faces.CalibrateThreshold(embedded, pairs, run.Get(Rate) ?? 0.001, allowTrainingPeople: run.Get(AllowTrainingPeople));
        }
        catch (TrainingPeopleException refusal)
        {
            throw new InvalidOperationException(
                $"{TrainedPeople.Describe(refusal.People, refusal.PersonCount)} {TrainingPeopleException.Danger} Give --data with people whom it has never seen, or add {AllowTrainingPeople.Name}.", refusal);
        }
    }
}

/// <summary>Describes the threshold, and what it was measured on.</summary>
internal sealed record CalibrateFacts(
    string Model, string Verdict, double Cosine, double LowerCosine, double UpperCosine, double TargetFalseMatchRate, double FalseMatchRate, double FalseNonMatchRate,
    int GenuinePairs, int ImpostorPairs, int People, IReadOnlyList<string>? TrainedOnPeople, long NotAligned, string[] Unusable, IReadOnlyList<LeftOutFiles> LeftOut) : ToolFacts;
