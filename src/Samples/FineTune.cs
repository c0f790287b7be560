using System.Globalization;
using Microsoft.ML.ArcFace.Samples.Support;

namespace Microsoft.ML.ArcFace.Samples;

/// <summary>
/// InsightFace's files in, ML.NET's and ONNX's out: a published network learns the people of a RecordIO set, is verified on
/// a .bin before and after, and is handed on.
/// </summary>
internal static class FineTune
{
    public static (VerificationMetrics Before, VerificationMetrics After) Run(FineTuneSettings settings, Action<TrainingProgress> show, CancellationToken cancellationToken)
    {
        ModelFile.CheckWritable(settings.Output);
        ModelFile.CheckWritable(settings.Onnx, "--onnx");
        var ml = new MLContext(settings.Seed);
        using var log = new LogPrinter(ml, settings.Verbose);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        IDataView train = faces.LoadFromRecordIO(settings.Records);
        VerificationDataView pairs = faces.LoadFromVerificationBin(settings.Verify, folds: settings.Folds);
        var trainer = faces.Trainers.ArcFace(new ArcFaceTrainer.Options
        {
            Backbone = settings.Backbone,
            InitialWeights = settings.Weights,
            FrozenStages = settings.FrozenStages,
            Epochs = settings.Epochs,
            Seed = settings.Seed,
            AddMirrorImage = true,
            CheckpointDirectory = settings.Checkpoints,
            CheckpointEverySteps = settings.CheckpointEverySteps,
            Progress = show,
            CancellationToken = cancellationToken,
        });

        Console.WriteLine($"1. Verifying {settings.Weights} as it is, on {pairs.Pairs.Count} pairs of {settings.Verify}");
        var images = ml.Transforms.LoadFaceImages("Image", "ImageBytes");
        VerificationMetrics before;
        using (var published = images.Append(ml.Transforms.EmbedFaces("Embedding", "Image", settings.Weights, settings.Backbone, addMirrorImage: true)).Fit(pairs))
        {
            before = faces.EvaluateVerification(published.Transform(pairs), pairs.Pairs);
        }

        Report(before);
        cancellationToken.ThrowIfCancellationRequested();
        Console.WriteLine($"2. Fine-tuning it on the {train.GetRowCount()} photographs of {settings.Records}");
        using var model = images.Append(trainer).Fit(train);

        ml.Model.Save(model, train.Schema, settings.Output);
        faces.ExportToOnnx(model, settings.Onnx);
        Console.WriteLine($"3. Wrote {settings.Output} for ML.NET and {settings.Onnx} for everybody else");

        Console.WriteLine("4. Verifying the fine-tuned network");
        VerificationMetrics after = faces.EvaluateVerification(model.Transform(pairs), pairs.Pairs);
        Report(after);
        return (before, after);
    }

    private static void Report(VerificationMetrics metrics) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"   {metrics.VerdictText}{Environment.NewLine}   accuracy {metrics.Accuracy:P2} ± {metrics.AccuracyStandardDeviation:P2}, area under the ROC {metrics.AreaUnderRocCurve:F4}, equal error rate {metrics.EqualErrorRate:P2}"));
}

/// <summary>The options of FineTune, checked; paths are full paths.</summary>
internal sealed record FineTuneSettings
{
    public required string Records { get; init; }

    public required string Weights { get; init; }

    public required BackboneArchitecture Backbone { get; init; }

    public required string Verify { get; init; }

    public int Folds { get; init; } = 10;

    public required string Output { get; init; }

    public required string Onnx { get; init; }

    public int FrozenStages { get; init; }

    public int? Epochs { get; init; }

    public int Seed { get; init; } = 1;

    public string? Checkpoints { get; init; }

    public int? CheckpointEverySteps { get; init; }

    public bool Verbose { get; init; }
}
