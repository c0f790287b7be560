using System.CommandLine;
using System.Globalization;
using Microsoft.ML.ArcFace.Samples.Support;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Samples;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>Two photographs: the same person? By a threshold that was chosen on data and is kept in the model.</summary>
internal static class Verify
{
    /// <summary>Exit code where the photographs show different people.</summary>
    public const int DifferentPeople = 3;

    private const string Description = """
        Tells whether two photographs show the same person: exit code 0 if so, 3 if not, 1 if it cannot be told. Examples:
          Verify --model quickstart.zip --calibrate faces/test --rate 0.01
          Verify --model quickstart.zip --photographs a.jpg b.jpg
        """;

    /// <summary>Chooses the threshold on people whom the model does not know, and keeps it in the model's file.</summary>
    /// <param name="modelFile">A .zip that begins with a photograph; it is replaced.</param>
    /// <param name="people">Photographs, one folder a person.</param>
    /// <param name="rate">The share of pairs of different people to accept at most.</param>
    public static void Calibrate(string modelFile, string people, double rate)
    {
        var ml = new MLContext(seed: 1);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        ITransformer model = faces.LoadModel(modelFile, out DataViewSchema? schema);
        using var native = (IDisposable)model;
        IDataView photographs = faces.LoadFromFolder(people);
        VerificationThreshold threshold = faces.CalibrateThreshold(model.Transform(photographs), faces.AllPairs(photographs, folds: 2), rate);

        // The whole file or none: a service that watches it loads what it finds.
        ITransformer calibrated = model.WithThreshold(threshold);
        using var shared = (IDisposable)calibrated;
        faces.SaveModel(calibrated, schema, modelFile);
        Console.WriteLine($"{modelFile}: {threshold}");
        Console.WriteLine($"In a gallery of 100 people: {threshold.ForGallerySize(100)}");
    }

    /// <summary>Compares two photographs.</summary>
    /// <returns>The exit code.</returns>
    public static int Compare(string modelFile, string first, string second, double? cosine)
    {
        using var embedder = new FaceEmbedder(modelFile, new FaceEmbedder.Options { Cosine = cosine, ReloadInterval = null });
        FaceVerification answer = embedder.Verify(first, second);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(answer.IsSamePerson ? "same person" : "different people")}  score {answer.Score:F4}  threshold {answer.Threshold:F4}  margin {answer.Margin:+0.0000;-0.0000}"));
        return answer.IsSamePerson ? 0 : DifferentPeople;
    }

    public static Command CreateCommand()
    {
        var model = new Option<FileInfo>("--model") { Description = "A model that ml.Model.Save wrote, such as QuickStart's.", HelpName = "FILE", Required = true };
        var photographs = new Option<FileInfo[]>("--photographs") { Description = "The two photographs to compare.", HelpName = "FILE", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        var cosine = new Option<double?>("--cosine") { Description = "A threshold to go by instead of the model's (-1 to 1).", HelpName = "C" };
        var calibrate = new Option<DirectoryInfo>("--calibrate") { Description = "Before that, choose the model's threshold on photographs, one folder a person, of people whom it was not trained on.", HelpName = "DIR" };
        var rate = new Option<double>("--rate") { Description = "How many strangers --calibrate lets pass (over 0, below 1).", HelpName = "R", DefaultValueFactory = _ => 0.001 };
        var command = new Command("Verify", Description) { model, photographs, cosine, calibrate, rate };
        command.Validators.Add(result =>
        {
            FileInfo[] files = result.GetValue(photographs) ?? [];
            if (files.Length != 2 && (files.Length > 0 || result.GetValue(calibrate) is null))
            {
                result.AddError($"--photographs names {files.Length} files; give two, for example --photographs a.jpg b.jpg, or --calibrate alone.");
            }

            foreach (FileInfo missing in files.Append(result.GetValue(model)).OfType<FileInfo>().Where(file => !file.Exists))
            {
                result.AddError($"'{missing}' is not a file.");
            }
        });
        command.SetSample((parsed, _) =>
        {
            string modelFile = parsed.GetRequiredValue(model).FullName;
            if (parsed.GetValue(calibrate) is { } people)
            {
                Calibrate(modelFile, people.FullName, parsed.GetValue(rate));
            }

            return parsed.GetValue(photographs) is [var first, var second] ? Compare(modelFile, first.FullName, second.FullName, parsed.GetValue(cosine)) : 0;
        });
        return command;
    }
}
