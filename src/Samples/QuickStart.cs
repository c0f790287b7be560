using System.Diagnostics;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.ArcFace.Samples.Support;

namespace Microsoft.ML.ArcFace.Samples;

/// <summary>
/// The whole way once: photographs in folders, training inside an ML.NET pipeline, one .zip, a second process that
/// loads it and tells people apart whom the model has never seen.
/// </summary>
internal static class QuickStart
{
    public static void Run(QuickStartSettings settings, CancellationToken cancellationToken)
    {
        ModelFile.CheckWritable(settings.Output);
        if (settings.Report is { } reportFile)
        {
            ModelFile.CheckWritable(reportFile, "--report");
        }

        using FaceFolders folders = FaceFolders.Prepare(settings, cancellationToken);

        // Training: what a program of yours would contain.
        var ml = new MLContext(settings.Seed);
        using var log = new LogPrinter(ml, settings.Verbose);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        IDataView train = folders.SelectTrainingPeople(ml, faces.LoadFromFolder(folders.Train));
        (int people, int images) = FaceFolders.Count(ml, train);
        int epochs = settings.Epochs ?? folders.UsualEpochs;

        Console.WriteLine($"2. Training {settings.Backbone} on {people} people, {images} pictures, {epochs} epochs");
        var clock = Stopwatch.StartNew();
        var history = new TrainingHistory();
        ArcFaceTrainer.Options options;
        ITransformer model;
        TrainingProgress? last = null;
        using (var display = new ProgressDisplay())
        {
            options = new ArcFaceTrainer.Options
            {
                ImageColumnName = "Image",
                LabelColumnName = "Label",
                Backbone = settings.Backbone,
                Epochs = epochs,
                Seed = settings.Seed,
                AddMirrorImage = true,
                CheckpointDirectory = settings.Checkpoints,
                Progress = progress =>
                {
                    last = progress;
                    history.Add(progress);
                    display.Show(progress);
                },
                CancellationToken = cancellationToken,
            };
            model = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(faces.Trainers.ArcFace(options)).Fit(train);
        }

        double trainSeconds = clock.Elapsed.TotalSeconds;
        ml.Model.Save(model, train.Schema, settings.Output);
        Console.WriteLine($"   {trainSeconds:F0} s{(last is null ? ", of a run that was finished before" : $", {last.ImagesPerSecond:F0} pictures a second")}");
        Console.WriteLine($"3. Saved the model: {settings.Output} ({new FileInfo(settings.Output).Length / 1e6:F1} MB)");

        // Verification: a program that knows nothing but the file.
        Console.WriteLine("4. A second process loads the model and compares faces of people it has never seen");
        VerificationResult verification = SecondProcess.Verify(settings.Output, folders, cancellationToken);
        if (settings.Report is { } report)
        {
            IDataView test = folders.SelectTestPeople(ml, faces.LoadFromFolder(folders.Test));
            faces.WriteReport(report, model.Transform(test), folders.LoadPairs(ml, test), new FaceReportOptions
            {
                Title = "QuickStart",
                Description = $"{Path.GetFileName(settings.Output)}: {settings.Backbone}, trained on {people} people, tested on others.",
                Model = model,
                TrainerOptions = options,
                TrainingHistory = history,
                Facts = [new("Training set", $"{people} people, {images} pictures"), new("Test set", settings.Data is null ? "drawn faces" : folders.Test)],
                Commands = [Environment.CommandLine],
            });
            Console.WriteLine($"5. Wrote the report: {report}");
        }

        Report.Print(verification, new TrainingSummary(epochs, trainSeconds, last?.ImagesPerSecond ?? 0, people, images, settings.Output, settings.Short));
    }
}
